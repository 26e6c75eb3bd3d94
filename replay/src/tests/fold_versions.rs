//! A program of another fold version beside this one, as while replicas are exchanged (`docs/adr/0009`): each folds its own
//! generation of the same log, neither writes the other's, and the switch goes there and back (promises P7, P8).

use platform::Platform;
use projector::Settings;
use read_model::generations::FOLD_VERSION;
use read_model::{Fold, ReadModel};
use sqlx::PgPool;
use test_support::story::Story;
use test_support::wait_for;
use test_support::world::{World, number, until_number};

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{ActivateError, DropError, Plan, Share, activate, drop_generation, previous, rebuild};
use crate::verify::{Scope, Sources, VerifyError, verify};

/// The fold of the newer program.
const NEXT: i32 = FOLD_VERSION + 1;

/// What a program says of its projector; nothing if it is ready.
fn says(platform: &Platform) -> Option<String> {
    platform.health.not_ready().into_iter().find_map(|(part, why)| (part == "projector").then_some(why))
}

async fn fold_version(db: &PgPool, generation: i32) -> i32 {
    let sql = "select fold_version from control.generations where generation = $1";
    sqlx::query_scalar(sql).bind(generation).fetch_one(db).await.expect("a generation")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_fold_version_builds_its_generation_beside_this_one_and_goes_back() {
    let world = World::new().await;
    let old = world.platform();
    let new = world.another().await;
    let (old_fold, new_fold) = (world.fold(), Fold { version: NEXT, ..world.fold() });
    let old_tables = world.read_model();
    let new_tables = ReadModel::connect_as(&new, new_fold).await.expect("tables");
    let with_new = Sources { fold: new_fold, ..sources(&world) };
    let (first, db) = (old_tables.generation(), &old.db);
    projector::start(old, old_fold, &Settings::default());
    world.log(&Story::new(91).events(1_500)).await;
    world.folded(first).await;
    wait_for("readiness", async || says(old).is_none().then_some(())).await;

    // The newer program cannot fold what is read, says so, and does not try.
    projector::start(&new, new_fold, &Settings::default());
    wait_for("what is to be done", async || says(&new).filter(|why| why.contains("run `chatlog rebuild`"))).await;
    let trying = world.project_with(&new, new_fold, first);
    let worry = |theirs, ours| format!("is of fold version {theirs}, this program is of {ours}");
    world.wait_for_concern(&trying, &worry(FOLD_VERSION, NEXT)).await;
    assert!(trying.end().await);
    let refused = verify(&with_new, None, &Scope::Whole, &PhaseProgress::default()).await;
    assert!(matches!(refused, Err(VerifyError::OtherFold { theirs: FOLD_VERSION, ours: NEXT, .. })), "{refused:?}");

    // It builds its own while the older one goes on.
    let plan = Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() };
    let more = Story::new(92).events(1_500);
    let progress = PhaseProgress::default();
    let (built, ()) = tokio::join!(rebuild(&new, &with_new, &plan, &progress), world.log(&more));
    let second = built.expect("a generation").generation;
    assert_eq!((fold_version(db, first).await, fold_version(db, second).await), (FOLD_VERSION, NEXT));
    let both_read =
        |generation: i32| [old_tables, &new_tables].iter().all(|it| it.generation() == generation).then_some(());
    wait_for("the switch", async || both_read(second)).await;
    wait_for("readiness of the newer one", async || says(&new).is_none().then_some(())).await;
    let trying = world.project_with(old, old_fold, second);
    world.wait_for_concern(&trying, &worry(NEXT, FOLD_VERSION)).await;
    assert!(trying.end().await);

    // Both are folded on, by their programs.
    world.log(&Story::new(93).events(1_000)).await;
    world.folded(first).await;
    world.folded(second).await;
    assert_eq!(world.hashes(first).await, world.hashes(second).await);
    assert_eq!(says(old), None, "what it cannot fold is not its to worry about");

    // Back by the older program, and by no other.
    let stop = sources(&world).stop;
    let other = activate(db, first, new_fold, &stop).await;
    assert!(matches!(other, Err(ActivateError::OtherFold { theirs: FOLD_VERSION, ours: NEXT, .. })), "{other:?}");
    assert_eq!(previous(db, new_fold).await.expect("an answer"), None);
    assert_eq!(previous(db, old_fold).await.expect("an answer"), Some(first));
    assert_eq!(activate(db, first, old_fold, &stop).await.expect("active"), Some(second));
    wait_for("the way back", async || both_read(first)).await;
    world.log(&Story::new(94).events(500)).await;
    world.folded(first).await;
    world.folded(second).await;
    assert_eq!(world.hashes(first).await, world.hashes(second).await);
    for (generation, sources) in [(first, sources(&world)), (second, with_new)] {
        let report =
            verify(&sources, Some(generation), &Scope::Whole, &PhaseProgress::default()).await.expect("a report");
        assert!(report.is_same(), "{report:?}");
    }
    // Long enough for another look of both.
    wait_for("readiness of both", async || (says(old).is_none() && says(&new).is_none()).then_some(())).await;

    // Each rejection is told once, by whichever generation.
    until_number(db, "select count(*) from control.outbox", 0).await;
    assert_eq!(world.recorded_rejections().await, number(&world.pool(first), "select count(*) from rejections").await);

    let early = drop_generation(db, second, false).await;
    assert!(matches!(early, Err(DropError::Readers { .. })), "{early:?}");
    drop_generation(db, second, true).await.expect("dropped");
    assert!(new.drain().await);
    world.end().await;
}
