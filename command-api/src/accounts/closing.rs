//! Closing one's account for good: the ways to log in and the address go, rooms are left, friends let go; what was said stays,
//! and so does the name that it was said under.
//!
//! Everything is one transaction, because all of it goes through the outbox. A group whose last owner goes is a group without
//! an owner: the rules let owners leave. A direct room keeps its two members: the other one still reads it.

use api_kit::Problem;
use api_kit::rate::ClientAddress;
use event_schema::topics::Key;
use event_schema::user::{Deactivated, FriendRemoved, StatusChanged};
use event_schema::{Payload, RoomId, Topic, UserId, room};
use http::StatusCode;
use platform::outbox;

use super::account_command::{self, AccountCommandResult};
use super::change::kill_families;
use super::login;
use super::throttle::Whose;
use crate::command::{Command, CommandHeaders};
use crate::state::App;
use crate::store::credentials;
use crate::store::people::{self, Ties};

/// Why, in the log.
const OWN_WISH: &str = "self";
/// The ids of the second look's events are counted from here; the first look never comes so far.
const SECOND_LOOK: u32 = 1 << 24;

/// Closes the caller's account. Repeated for one that is closed already (as long as a token for it counts), it ends what
/// sessions there may still be.
pub async fn close(
    app: &App,
    (headers, command): (&CommandHeaders, &Command),
    (caller, from): (UserId, ClientAddress),
    password: String,
) -> Result<AccountCommandResult, Problem> {
    if people::status(&app.context.db, caller).await?.as_deref() == Some("deactivated") {
        kill_families(&app.sessions, caller).await;
        return account_command::already_done(app, headers, caller, None).await;
    }
    check_password(app, caller, password, from).await?;
    let ties = ties(app, caller).await?;
    let done = account_command::run(app, (headers, command), caller, &[], async |tx, _| {
        people::deactivate(tx, caller).await?;
        Ok(events(caller, &ties))
    })
    .await?;
    kill_families(&app.sessions, caller).await;
    leave_the_rest(app, command, caller, &ties.rooms).await;
    Ok(done)
}

/// Tries count like log-ins.
async fn check_password(app: &App, caller: UserId, password: String, from: ClientAddress) -> Result<(), Problem> {
    let stored = credentials::secret_of(&app.context.db, caller).await?;
    let right = login::prove(app, Whose::Account(caller), (password, stored), from).await?;
    if right { Ok(()) } else { Err(wrong_password()) }
}

/// What the log has of the caller now is in the read model first, so that no room is overlooked.
async fn ties(app: &App, caller: UserId) -> Result<Ties, Problem> {
    app.read_consistency.keys(&app.context, caller, Topic::Users, [caller.to_string()]).await?;
    app.read_consistency.topic(&app.context, caller, Topic::Rooms).await?;
    Ok(people::ties(&app.context.read_model.pool(), caller).await?)
}

/// In this order: nothing counts of a person after they are deactivated.
fn events(caller: UserId, ties: &Ties) -> Vec<(Key, Payload)> {
    let own = |payload: Payload| (Key::from(caller), payload);
    let mut events: Vec<_> =
        ties.friends.iter().map(|friend| own(FriendRemoved { friend_id: *friend }.into())).collect();
    if ties.has_status {
        events.push(own(StatusChanged { status: None }.into()));
    }
    events.push(own(Deactivated { reason: OWN_WISH.to_owned() }.into()));
    events.extend(ties.rooms.iter().map(|room| left(*room, caller)));
    events
}

fn left(room: RoomId, user: UserId) -> (Key, Payload) {
    (room.into(), room::MemberLeft { user_id: user }.into())
}

/// A room that was joined in the very moment in which the account was closed: looked for once more, when nothing can come
/// any more. What goes wrong here leaves a member who never comes back, and nothing worse.
async fn leave_the_rest(app: &App, command: &Command, caller: UserId, known: &[RoomId]) {
    let left = async {
        let mut rooms = ties(app, caller).await?.rooms;
        rooms.retain(|room| known.binary_search(room).is_err());
        let time = app.context.clock.now();
        let events = rooms.into_iter().zip(SECOND_LOOK..).map(|(room, n)| {
            let (key, payload) = left(room, caller);
            command.event(key, command.new_id(n), (caller, time), payload)
        });
        let events: Vec<_> = events.collect();
        let mut connection = app.context.db.acquire().await?;
        outbox::insert(&mut connection, &events).await?;
        Ok::<_, Problem>(())
    };
    if let Err(problem) = left.await {
        tracing::warn!(?problem, "failed to look again for rooms of a closed account");
    }
    app.context.outbox.wake();
}

fn wrong_password() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "Invalid credentials").field("password")
}
