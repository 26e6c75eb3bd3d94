//! How far people have read. Commutative, so that order and repetition do not matter: the maximum wins.
//!
//! Receipts are keyed like rooms but lie in another topic: whether the reader is a member and the seq exists is not
//! known here. Readers bound a receipt by the room's last seq.

use event_schema::receipt::ReadUpTo;
use event_schema::rejection::Reason;
use event_schema::{Event, RoomId};

use super::state::{Receipt, State};
use super::{Applied, Judged};

pub(super) fn read_up_to(state: &mut State, room: RoomId, event: &Event, payload: &ReadUpTo) -> Judged {
    let read_seq = i64::try_from(payload.up_to_seq).map_err(|_| Reason::LimitExceeded)?;
    let key = (room, event.envelope.actor);
    let before = state.receipts.get(&key)?.map_or(0, |receipt| receipt.read_seq);
    if read_seq > before {
        state.receipts.put(key, Receipt { read_seq });
    }
    Ok(Applied { rev: 0, seq: None })
}
