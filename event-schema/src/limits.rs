//! The limits that rules v1 fixes, in one place; units are in the names.

/// Text of one message, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 8 * 1024;
/// Names of rooms and people, in characters.
pub const NAME_CHARS: usize = 80;
/// A user's status line, in characters.
pub const STATUS_CHARS: usize = 160;
/// A client's own reference of a message, in characters.
pub const CLIENT_REF_CHARS: usize = 64;
/// The source's own time of an imported message, in characters.
pub const ORIGINAL_AT_CHARS: usize = 64;
/// Messages in one batch.
pub const BATCH_MESSAGES: usize = 500;
/// People mentioned in one message.
pub const MENTIONS: usize = 50;
/// Attachments of one message.
pub const ATTACHMENTS: usize = 10;
/// The address of an attachment, in characters.
pub const URL_CHARS: usize = 2048;
/// The media type of an attachment, in characters.
pub const MEDIA_TYPE_CHARS: usize = 127;
/// Different emoji on one message.
pub const EMOJI_PER_MESSAGE: usize = 50;
/// One emoji, in bytes of UTF-8 (the longest joined sequences are 35).
pub const EMOJI_BYTES: usize = 64;
/// Members named when a room is created, its creator included.
pub const INITIAL_MEMBERS: usize = 500;
/// Members of a direct room: always both.
pub const DIRECT_MEMBERS: usize = 2;
/// Members of a group.
pub const GROUP_MEMBERS: usize = 500;
/// Members of a channel.
pub const CHANNEL_MEMBERS: usize = 100_000;
/// Friends of one person, in their own direction. Looked at when one is added; the fold does not count them.
pub const FRIENDS: usize = 1_000;
/// An `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_CHARS: usize = 255;
/// The value of one record, in bytes; far below Kafka's own 1 MiB. Readers refuse more.
pub const VALUE_BYTES: usize = 256 * 1024;
/// Objects and arrays within one another in a value, the value itself included. Readers refuse more.
pub const VALUE_DEPTH: usize = 32;
/// The largest whole number in a value: 2^53 - 1, which JavaScript's numbers still hold exactly. Readers refuse more.
pub const INTEGER: u64 = (1 << 53) - 1;
/// A text in a record's headers, and the name of a setting, in characters. Readers refuse more.
pub const ATTRIBUTE_CHARS: usize = 255;
