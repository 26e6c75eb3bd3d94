//! Whether people exist, asked before they are made members: the fold of a room knows nothing of accounts.

use api_kit::Problem;
use event_schema::{Topic, UserId};
use uuid::Uuid;

use crate::state::App;
use crate::store::{accounts, rooms};

/// The first of these people who does not exist. Accounts answer at once; people known from the log only (imported) are
/// looked for in the read model, which catches up before anybody is said not to exist.
pub async fn first_unknown(app: &App, caller: UserId, people: &[UserId]) -> Result<Option<UserId>, Problem> {
    let mut missing: Vec<Uuid> = people.iter().map(|user| user.0).collect();
    let active = accounts::active(&app.context.db, &missing).await?;
    remove(&mut missing, &active);
    for catch_up in [false, true] {
        if missing.is_empty() {
            return Ok(None);
        }
        if catch_up {
            app.read_consistency.keys(&app.context, caller, Topic::Users, missing.iter().map(Uuid::to_string)).await?;
        }
        let known = rooms::known_users(&app.context.read_model.pool(), &missing).await?;
        remove(&mut missing, &known);
    }
    Ok(missing.first().map(|user| UserId(*user)))
}

fn remove(from: &mut Vec<Uuid>, known: &[Uuid]) {
    let known: std::collections::HashSet<&Uuid> = known.iter().collect();
    from.retain(|user| !known.contains(user));
}
