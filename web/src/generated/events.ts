// Made from docs/generated/asyncapi.json and docs/generated/schemas/ by `npm run generate`. Do not edit.

/**
 * One mail that was asked for; the mailer sends at most one mail per id.
 */
export type MailRequestId = string;
/**
 * A message; equal to the `EventId` of the `posted` event that created it.
 */
export type MessageId = string;
/**
 * A person, a bot or an imported nickname. Key of `chat.users`.
 */
export type UserId = string;
/**
 * One run of the sign-up saga.
 */
export type RegistrationId = string;
/**
 * One event of the log (`ce_id`).
 */
export type EventId = string;
/**
 * What a member sees of the time before joining. `all`: Everything. `since_join`: Nothing.
 */
export type HistoryVisibility = "all" | "since_join";
/**
 * How one becomes a member. `open`: Whoever wants. `invite`: By invitation.
 */
export type JoinRule = "open" | "invite";
/**
 * What a room is. `direct`: Two people, for ever; one room a pair. `group`: A closed circle. `channel`: A place for many.
 */
export type RoomKind = "direct" | "group" | "channel";
/**
 * A member's role, from least to most. `member`: Reads and writes. `moderator`: Also invites, removes, renames, deletes others' messages. `owner`: Also gives roles and archives.
 */
export type Role = "member" | "moderator" | "owner";
/**
 * One session: a family of tokens that began with one log-in.
 */
export type SessionId = string;
/**
 * What an account is. `human`: A person who can log in. `bot`: A program that can log in. `imported`: Someone known from imported logs only; has no credentials.
 */
export type AccountKind = "human" | "bot" | "imported";

/**
 * The value of each type of event (`ce_type`).
 */
export interface EventValues {
  "chat.admin.action_taken.v1": ChatAdminActionTakenV1;
  "chat.config.changed.v1": ChatConfigChangedV1;
  "chat.mail.failed.v1": ChatMailFailedV1;
  "chat.mail.requested.v1": ChatMailRequestedV1;
  "chat.mail.sent.v1": ChatMailSentV1;
  "chat.message.deleted.v1": ChatMessageDeletedV1;
  "chat.message.edited.v1": ChatMessageEditedV1;
  "chat.message.posted.v1": ChatMessagePostedV1;
  "chat.message.reaction_added.v1": ChatMessageReactionAddedV1;
  "chat.message.reaction_removed.v1": ChatMessageReactionRemovedV1;
  "chat.receipt.read_up_to.v1": ChatReceiptReadUpToV1;
  "chat.registration.step_compensated.v1": ChatRegistrationStepCompensatedV1;
  "chat.registration.step_completed.v1": ChatRegistrationStepCompletedV1;
  "chat.registration.step_failed.v1": ChatRegistrationStepFailedV1;
  "chat.rejection.recorded.v1": ChatRejectionRecordedV1;
  "chat.room.archived.v1": ChatRoomArchivedV1;
  "chat.room.created.v1": ChatRoomCreatedV1;
  "chat.room.event_dropped.v1": ChatRoomEventDroppedV1;
  "chat.room.member_invited.v1": ChatRoomMemberInvitedV1;
  "chat.room.member_joined.v1": ChatRoomMemberJoinedV1;
  "chat.room.member_left.v1": ChatRoomMemberLeftV1;
  "chat.room.member_removed.v1": ChatRoomMemberRemovedV1;
  "chat.room.member_role_changed.v1": ChatRoomMemberRoleChangedV1;
  "chat.room.renamed.v1": ChatRoomRenamedV1;
  "chat.security.recorded.v1": ChatSecurityRecordedV1;
  "chat.user.deactivated.v1": ChatUserDeactivatedV1;
  "chat.user.friend_added.v1": ChatUserFriendAddedV1;
  "chat.user.friend_removed.v1": ChatUserFriendRemovedV1;
  "chat.user.profile_changed.v1": ChatUserProfileChangedV1;
  "chat.user.registered.v1": ChatUserRegisteredV1;
  "chat.user.registration_rejected.v1": ChatUserRegistrationRejectedV1;
  "chat.user.registration_requested.v1": ChatUserRegistrationRequestedV1;
  "chat.user.status_changed.v1": ChatUserStatusChangedV1;
}
/**
 * An administrator did something.
 */
export interface ChatAdminActionTakenV1 {
  /**
   * What, as a stable word (`role_granted`, `generation_activated`, …).
   */
  action: string;
  /**
   * The particulars, without personal data.
   */
  details?: {
    [k: string]: unknown;
  };
  /**
   * On what: an id or a name.
   */
  target?: string;
}
/**
 * A setting has a value from now on.
 */
export interface ChatConfigChangedV1 {
  /**
   * The setting's name, equal to the record's key.
   */
  name: string;
  /**
   * Its value.
   */
  value: {
    [k: string]: unknown;
  };
  /**
   * Counts the changes of this setting: 1, 2, 3 …
   */
  version: number;
}
/**
 * The mail cannot be sent.
 */
export interface ChatMailFailedV1 {
  /**
   * Why, as a stable word without an address in it.
   */
  reason: string;
  /**
   * Which.
   */
  request_id: MailRequestId;
}
/**
 * A mail should go out.
 */
export interface ChatMailRequestedV1 {
  /**
   * BCP 47 tag.
   */
  locale: string;
  /**
   * One mail per id.
   */
  request_id: MailRequestId;
  /**
   * Which template (`verify`, `reset`, …).
   */
  template: string;
}
/**
 * A mail server has taken the mail.
 */
export interface ChatMailSentV1 {
  /**
   * Which.
   */
  request_id: MailRequestId;
}
/**
 * A message is gone; its place (seq) stays.
 */
export interface ChatMessageDeletedV1 {
  /**
   * Which message.
   */
  message_id: MessageId;
}
/**
 * A message has other content.
 */
export interface ChatMessageEditedV1 {
  /**
   * What it says now, at most 8 KiB.
   */
  content: Text;
  /**
   * The people mentioned now.
   *
   * @maxItems 50
   */
  mentions?: UserId[];
  /**
   * Which message.
   */
  message_id: MessageId;
}
/**
 * Personal text. Readers accept `erased` and formats they do not know.
 */
export interface Text {
  text?: string;
  format: string;
}
/**
 * A message was posted. Its id is the event's id, its author the event's actor.
 */
export interface ChatMessagePostedV1 {
  /**
   * Files.
   *
   * @maxItems 10
   */
  attachments?: Attachment[];
  /**
   * The client's own reference, echoed in pages and live.
   */
  client_ref?: string;
  /**
   * What was said, at most 8 KiB.
   */
  content: Text;
  /**
   * The people mentioned, resolved when the message was posted.
   *
   * @maxItems 50
   */
  mentions?: UserId[];
  /**
   * The source's own time of an imported message, verbatim.
   */
  original_at?: string;
  /**
   * The message that this one answers.
   */
  reply_to?: MessageId;
}
/**
 * A file that lies elsewhere.
 */
export interface Attachment {
  /**
   * Its size in bytes.
   */
  bytes: number;
  /**
   * Its media type (RFC 6838).
   */
  media_type: string;
  /**
   * Its name.
   */
  name: Text;
  /**
   * Where it can be fetched: as personal as the message, so erasable with it.
   */
  url: Text;
}
/**
 * Somebody put an emoji on a message.
 */
export interface ChatMessageReactionAddedV1 {
  /**
   * The emoji, NFC, at most 64 bytes.
   */
  emoji: string;
  /**
   * Which message.
   */
  message_id: MessageId;
}
/**
 * Somebody took an emoji back.
 */
export interface ChatMessageReactionRemovedV1 {
  /**
   * The emoji, NFC, at most 64 bytes.
   */
  emoji: string;
  /**
   * Which message.
   */
  message_id: MessageId;
}
/**
 * The actor has read the room up to a seq.
 */
export interface ChatReceiptReadUpToV1 {
  /**
   * The seq of the last message read.
   */
  up_to_seq: number;
}
/**
 * A participant has undone its part.
 */
export interface ChatRegistrationStepCompensatedV1 {
  /**
   * The saga's run.
   */
  registration_id: RegistrationId;
  /**
   * The participant's name.
   */
  step: string;
}
/**
 * A participant has done its part.
 */
export interface ChatRegistrationStepCompletedV1 {
  /**
   * The saga's run.
   */
  registration_id: RegistrationId;
  /**
   * The participant's name (`profile`, `mailer`, …).
   */
  step: string;
}
/**
 * A participant could not do its part.
 */
export interface ChatRegistrationStepFailedV1 {
  /**
   * Why, as a stable word that may be shown to the newcomer.
   */
  reason: string;
  /**
   * The saga's run.
   */
  registration_id: RegistrationId;
  /**
   * The participant's name.
   */
  step: string;
}
/**
 * An event was rejected. The record's key is the rejected event's key.
 */
export interface ChatRejectionRecordedV1 {
  /**
   * The rejected event.
   */
  event_id: EventId;
  /**
   * Its type, for example `chat.message.posted.v1`.
   */
  event_type: string;
  /**
   * Why, as a stable word. The list is open: later rules have more reasons, and readers take what they do not know.
   */
  reason: string;
}
/**
 * The room is closed: it can be read, not written.
 */
export interface ChatRoomArchivedV1 {}
/**
 * The room exists, with its first members: one event, so that nobody sees it half made. The creator is the event's actor.
 */
export interface ChatRoomCreatedV1 {
  /**
   * What a member sees of the time before joining.
   */
  history_visibility: HistoryVisibility;
  /**
   * How one becomes a member.
   */
  join_rule: JoinRule;
  /**
   * Direct, group or channel.
   */
  kind: RoomKind;
  /**
   * The first members, the creator among them.
   *
   * @maxItems 500
   */
  members: InitialMember[];
  /**
   * Its name; direct rooms have none.
   */
  name?: Text;
}
/**
 * A member named when the room is created.
 */
export interface InitialMember {
  /**
   * As what.
   */
  role: Role;
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * An administrator gave up a parked event of this room: the fold skips it, now and at every replay.
 */
export interface ChatRoomEventDroppedV1 {
  /**
   * The event given up.
   */
  event_id: EventId;
}
/**
 * Somebody may join.
 */
export interface ChatRoomMemberInvitedV1 {
  /**
   * As what.
   */
  role: Role;
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * Somebody became a member by their own act. The actor is that person.
 */
export interface ChatRoomMemberJoinedV1 {
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * Somebody left by their own act, or an invited person declined.
 */
export interface ChatRoomMemberLeftV1 {
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * Somebody was put out; only an invitation brings them back.
 */
export interface ChatRoomMemberRemovedV1 {
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * Somebody has another role.
 */
export interface ChatRoomMemberRoleChangedV1 {
  /**
   * The new role.
   */
  role: Role;
  /**
   * Who.
   */
  user_id: UserId;
}
/**
 * The room has another name.
 */
export interface ChatRoomRenamedV1 {
  /**
   * The new name.
   */
  name: Text;
}
/**
 * Something that concerns the security of an account, without personal data: no address, no device.
 */
export interface ChatSecurityRecordedV1 {
  /**
   * What, as a stable word (`password_changed`, `refresh_token_reused`, …).
   */
  action: string;
  /**
   * The session concerned, where it is a single one.
   */
  session_id?: SessionId;
}
/**
 * The account is closed; its messages stay.
 */
export interface ChatUserDeactivatedV1 {
  /**
   * Why, as a stable word (`self`, `suspended`, `compensated`).
   */
  reason: string;
}
/**
 * A friend was added, in this direction.
 */
export interface ChatUserFriendAddedV1 {
  /**
   * The other person.
   */
  friend_id: UserId;
}
/**
 * A friend was removed, in this direction.
 */
export interface ChatUserFriendRemovedV1 {
  /**
   * The other person.
   */
  friend_id: UserId;
}
/**
 * The profile changed; what is absent stayed as it was.
 */
export interface ChatUserProfileChangedV1 {
  /**
   * New name to show.
   */
  display_name?: Text;
  /**
   * New locale.
   */
  locale?: string;
}
/**
 * The account exists and may be used.
 */
export interface ChatUserRegisteredV1 {
  /**
   * Name to show.
   */
  display_name: Text;
  /**
   * What kind of account.
   */
  kind: AccountKind;
  /**
   * BCP 47 tag, for mails.
   */
  locale: string;
  /**
   * Name to log in with and to be mentioned by.
   */
  username: Text;
}
/**
 * The sign-up failed; name and address are free again.
 */
export interface ChatUserRegistrationRejectedV1 {
  /**
   * Why, as a stable word (`deadline`, `step_failed`, …).
   */
  reason: string;
  /**
   * The saga's run.
   */
  registration_id: RegistrationId;
  /**
   * The step that failed; absent when the deadline passed.
   */
  step?: string;
}
/**
 * Somebody asked for an account; the sign-up saga begins.
 */
export interface ChatUserRegistrationRequestedV1 {
  /**
   * Name to show.
   */
  display_name: Text;
  /**
   * BCP 47 tag, for mails.
   */
  locale: string;
  /**
   * The saga's run.
   */
  registration_id: RegistrationId;
  /**
   * Name to log in with and to be mentioned by.
   */
  username: Text;
}
/**
 * The status line changed.
 */
export interface ChatUserStatusChangedV1 {
  /**
   * The new line; absent when it was cleared.
   */
  status?: Text;
}
/**
 * The headers of every record: a CloudEvent in Kafka's binary mode. Other headers may be there.
 */
export interface EventHeaders {
  /**
   * Who asked for it; the nil UUID is the platform itself.
   */
  ce_actor: string;
  /**
   * The version of the rules that judge it.
   */
  ce_chatlogrules: string;
  /**
   * The kind of client it came through, as a word. The list is open.
   */
  ce_client: string;
  /**
   * The command that caused it; all events of one command carry the same.
   */
  ce_command: string;
  /**
   * The event's id. A record whose id was seen before for its key is a repetition: drop it.
   */
  ce_id: string;
  /**
   * The part of the system that wrote it, for example `/chatlog/command-api`.
   */
  ce_source: string;
  /**
   * The version of CloudEvents.
   */
  ce_specversion: "1.0";
  /**
   * What it is about: the id of a message, a member, a room, a user; a setting's name.
   */
  ce_subject: string;
  /**
   * When it was asked for, in UTC to the microsecond; of an imported event the source's time.
   */
  ce_time: string;
  /**
   * The event's type with its version.
   */
  ce_type: string;
  /**
   * The tenant.
   */
  ce_workspace: string;
  /**
   * The media type of the value.
   */
  "content-type": "application/json";
  /**
   * W3C Trace Context of the request, where it was traced.
   */
  traceparent?: string;
}

/** A type of event, as `ce_type` says it. */
export type EventType = keyof EventValues;
