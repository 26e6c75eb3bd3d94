//! Friends.

use event_schema::{Topic, UserId, limits};

use super::api::Api;
use super::given::{World, in_own_world, in_shared_world};
use super::me::{events, friend};

/// Beyond the end of every partition.
const CAUGHT_UP: i64 = 1 << 40;

fn call(world: &World, method: &str, caller: UserId, friend: UserId) -> super::api::Call {
    world.api.call(method, &format!("/v1/friends/{friend}")).by(caller)
}

#[test]
fn whoever_is_there_can_be_added() {
    in_shared_world(async |world| {
        let (caller, other) = (world.account().await, world.account().await);
        let added = call(world, "PUT", caller, other).key("add").send().await;
        let answer = added.json(202);
        assert!(answer["position"].is_string() && answer["user_id"] == serde_json::json!(other), "{answer}");
        let again = call(world, "PUT", caller, other).key("add").send().await;
        assert_eq!(again.body, added.body);
    });
}

#[test]
fn who_cannot_be_a_friend_is_refused() {
    in_shared_world(async |world| {
        let caller = world.account().await;
        let own = call(world, "PUT", caller, caller).send().await;
        assert_eq!((own.problem(422).as_str(), &own.json(422)["reason"]), ("rejected", &"own_friend".into()));
        let nobody = call(world, "PUT", caller, world.new_user()).send().await;
        assert_eq!((nobody.problem(404).as_str(), &nobody.json(404)["field"]), ("not-found", &"user".into()));
        let closed = world.account().await;
        sqlx::query("update identity.accounts set status = 'deactivated' where user_id = $1")
            .bind(closed.0)
            .execute(world.db())
            .await
            .expect("closed");
        assert_eq!(call(world, "PUT", caller, closed).send().await.problem(404), "not-found");
    });
}

#[test]
fn a_list_has_an_end() {
    in_shared_world(async |world| {
        let (caller, other, present) = (world.account().await, world.account().await, world.account().await);
        friend(world, caller, present).await;
        sqlx::query("insert into friends select $1, gen_random_uuid(), now() from generate_series(2, $2)")
            .bind(caller.0)
            .bind(i32::try_from(limits::FRIENDS).expect("few"))
            .execute(&world.read_model())
            .await
            .expect("friends");
        let full = call(world, "PUT", caller, other).send().await;
        assert_eq!((full.problem(422).as_str(), &full.json(422)["limit"]), ("limit-exceeded", &1_000.into()));
        call(world, "PUT", caller, present).send().await.json(202);
        call(world, "DELETE", caller, present).send().await.json(202);
    });
}

#[test]
fn what_is_so_already_is_not_told_again() {
    in_own_world(async |world| {
        world.catch_up(CAUGHT_UP).await;
        let (caller, other) = (world.account().await, world.account().await);
        call(world, "DELETE", caller, other).send().await.json(202);
        friend(world, caller, other).await;
        let answer = call(world, "PUT", caller, other).send().await.json(202);
        assert!(answer["position"].is_string(), "{answer}");
        assert_eq!(events(world, Topic::Users).await, 0);
        call(world, "DELETE", caller, other).send().await.json(202);
        assert_eq!(events(world, Topic::Users).await, 1);
    });
}

#[test]
fn nobody_hears_from_a_state_that_is_behind() {
    in_own_world(async |world| {
        let (caller, other) = (world.account().await, world.account().await);
        // The log has something of the caller that is not folded.
        call(world, "PUT", caller, other).send().await.json(202);
        friend(world, caller, other).await;
        let impatient = Api::start_impatient(&world.test.api).await;
        let again = impatient.call("PUT", &format!("/v1/friends/{other}")).by(caller).send().await;
        assert_eq!(again.problem(503), "behind");
        // Once it is so far, it is so already.
        world.catch_up(CAUGHT_UP).await;
        call(world, "PUT", caller, other).send().await.json(202);
        assert_eq!(events(world, Topic::Users).await, 1);
    });
}
