//! Answers in every order, and what follows.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const ID: RegistrationId = RegistrationId(Uuid::from_u128(1));
const USER: UserId = UserId(Uuid::from_u128(2));

fn begun(steps: &str) -> Registration {
    let steps = steps.parse().expect("steps");
    Registration::begun(ID, USER, CommandId(Uuid::from_u128(3)), &steps)
}

fn answer(step: &str, event: u128, said: StepOutcome) -> ParticipantAnswer {
    let event = EventId(Uuid::from_u128(event));
    ParticipantAnswer { registration: ID, user: USER, step: step.to_owned(), event, said }
}

fn completed(step: &str, event: u128) -> ParticipantAnswer {
    answer(step, event, StepOutcome::Completed)
}

fn failed(step: &str) -> ParticipantAnswer {
    answer(step, 90, StepOutcome::Failed("no_room".to_owned()))
}

fn compensated(step: &str, event: u128) -> ParticipantAnswer {
    answer(step, event, StepOutcome::Compensated)
}

fn statuses(registration: &Registration) -> Vec<&'static str> {
    registration.steps.iter().map(|step| step.status.as_str()).collect()
}

#[test]
fn all_completions_together_register_once() {
    let mut it = begun("profile,mailer");
    assert_eq!(it.receive(&completed("profile", 11)), SagaDecision::Nothing);
    assert_eq!(it.receive(&completed("profile", 11)), SagaDecision::Nothing, "again");
    assert_eq!(it.receive(&completed("mailer", 12)), SagaDecision::Register);
    assert_eq!(it.receive(&completed("mailer", 12)), SagaDecision::Nothing);
    assert_eq!(it.receive(&failed("profile")), SagaDecision::Nothing, "it stays registered");
    assert_eq!(it.reject(None, DEADLINE), SagaDecision::Nothing, "also when the deadline passes");
    assert_eq!((it.status, statuses(&it)), (SagaStatus::Registered, vec!["done", "done"]));
}

#[test]
fn where_nobody_has_to_answer_it_is_decided_at_once() {
    assert_eq!(begun("none").settle(), SagaDecision::Register);
    assert_eq!(begun("profile").settle(), SagaDecision::Nothing);
}

#[test]
fn one_failure_rejects_and_names_the_step() {
    let mut it = begun("profile,mailer");
    it.receive(&completed("profile", 11));
    assert_eq!(it.receive(&failed("mailer")), SagaDecision::Reject);
    assert_eq!((it.failed_step.as_deref(), it.reason.as_deref()), (Some("mailer"), Some(STEP_FAILED)));
    assert_eq!(it.steps[1].reason.as_deref(), Some("no_room"));
    assert!(!is_final(it.status, &it.steps, true), "the profile is there still");
    assert_eq!(it.receive(&compensated("profile", 21)), SagaDecision::Nothing);
    assert_eq!(statuses(&it), ["undone", "failed"]);
    assert!(is_final(it.status, &it.steps, false));
}

#[test]
fn whoever_has_not_answered_yet_is_given_time_to_say_that_it_is_undone() {
    let mut it = begun("profile,mailer");
    it.receive(&failed("mailer"));
    assert_eq!(statuses(&it), ["pending", "failed"]);
    assert!(!is_final(it.status, &it.steps, false), "the profile's answer is on its way");
    assert!(is_final(it.status, &it.steps, true), "it is away");
    it.receive(&compensated("profile", 21));
    assert!(is_final(it.status, &it.steps, false));
}

#[test]
fn a_completion_after_the_rejection_is_answered_by_the_rejection_again() {
    let mut it = begun("profile,mailer");
    assert_eq!(it.reject(None, DEADLINE), SagaDecision::Reject);
    let late = completed("profile", 11);
    assert_eq!(it.receive(&late), SagaDecision::RejectAgain(late.event));
    assert_eq!(statuses(&it), ["done", "pending"]);
    assert_eq!(it.receive(&late), SagaDecision::Nothing, "the same event says nothing new");
    it.receive(&compensated("profile", 21));
    assert_eq!(statuses(&it), ["undone", "pending"]);
    // A participant that saw the rejection first, had nothing to undo, and then did its part all the same.
    it.receive(&compensated("mailer", 22));
    let late = completed("mailer", 12);
    assert_eq!(it.receive(&late), SagaDecision::RejectAgain(late.event));
    it.receive(&compensated("mailer", 23));
    assert_eq!(statuses(&it), ["undone", "undone"]);
}

#[test]
fn whoever_is_not_needed_neither_decides_nor_keeps_what_it_did() {
    let mut it = begun("profile");
    assert_eq!(it.receive(&failed("guest")), SagaDecision::Nothing);
    assert_eq!(it.receive(&completed("guest", 31)), SagaDecision::Nothing);
    assert_eq!(it.receive(&failed("profile")), SagaDecision::Reject);
    let late = completed("guest", 32);
    assert_eq!(it.receive(&late), SagaDecision::RejectAgain(late.event));
}

#[test]
fn an_answer_under_another_key_is_none() {
    let mut it = begun("profile");
    let foreign = ParticipantAnswer { user: UserId(Uuid::from_u128(9)), ..completed("profile", 11) };
    assert_eq!(it.receive(&foreign), SagaDecision::Nothing);
    assert_eq!(it.status, SagaStatus::Pending);
}

#[test]
fn a_participant_that_undoes_what_nobody_rejected_has_failed() {
    let mut it = begun("profile,mailer");
    it.receive(&completed("profile", 11));
    assert_eq!(it.receive(&compensated("profile", 21)), SagaDecision::Reject);
    assert_eq!(statuses(&it), ["failed", "pending"]);
}

#[test]
fn a_word_too_long_is_cut() {
    let mut it = begun("profile");
    it.receive(&answer("profile", 90, StepOutcome::Failed("왜".repeat(500))));
    assert_eq!(it.steps[0].reason.as_ref().map(|reason| reason.chars().count()), Some(REASON_CHARS));
}

fn answers() -> impl Strategy<Value = Vec<ParticipantAnswer>> {
    let steps = prop_oneof!["profile", "mailer", "guest"];
    let said = prop_oneof![
        3 => Just(StepOutcome::Completed),
        1 => Just(StepOutcome::Failed("no".to_owned())),
        1 => Just(StepOutcome::Compensated),
    ];
    let one = (steps, 1..6_u128, said).prop_map(|(step, event, said)| answer(&step, event, said));
    proptest::collection::vec(one, 0..30)
}

proptest! {
    #[test]
    fn it_is_decided_once_and_registered_only_when_all_are_done(answers in answers()) {
        let mut it = begun("profile,mailer");
        let mut decisions = 0;
        for answer in &answers {
            match it.receive(answer) {
                SagaDecision::Register => {
                    decisions += 1;
                    prop_assert_eq!(statuses(&it), ["done", "done"]);
                }
                SagaDecision::Reject => decisions += 1,
                SagaDecision::RejectAgain(_) => prop_assert_eq!(it.status, SagaStatus::Rejected),
                SagaDecision::Nothing => {}
            }
            prop_assert_eq!(decisions, i32::from(it.status != SagaStatus::Pending));
        }
    }

    #[test]
    fn an_answer_heard_twice_in_a_row_says_nothing_new(answers in answers()) {
        let mut it = begun("profile,mailer");
        for answer in &answers {
            it.receive(answer);
            let before = it.clone();
            let again = it.receive(answer);
            prop_assert!(answer.step == "guest" || again == SagaDecision::Nothing);
            prop_assert_eq!(&it, &before);
        }
    }
}
