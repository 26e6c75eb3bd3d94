//! What an answer means for a registration: pure, and the same however often it is heard.
//!
//! The rule for what comes late: *a completion after the rejection is answered by the rejection again*. Topics have no
//! order between them, so nobody can tell whether the participant had already seen the first one; after its completion it
//! sees this one in any case, and undoes what it did. A repeated event of the same id says nothing new.

use event_schema::{CommandId, EventId, RegistrationId, UserId};

use super::steps::Steps;

/// Why, where a participant said that it failed; its own word stands with its step.
pub const STEP_FAILED: &str = "step_failed";
/// Why, where not all had answered in time.
pub const DEADLINE: &str = "deadline";
/// Why, where somebody took the account away meanwhile.
pub const ACCOUNT_GONE: &str = "account_gone";
/// Longest word of a participant that is kept.
const REASON_CHARS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaStatus {
    Pending,
    /// The account may be used.
    Registered,
    /// There is no account.
    Rejected,
}

/// How far a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// It has not answered.
    Pending,
    /// It has done its part.
    Done,
    Failed,
    /// It has undone its part, or had nothing to undo.
    Undone,
}

impl SagaStatus {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Registered => "registered",
            Self::Rejected => "rejected",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Registered, Self::Rejected].into_iter().find(|status| status.as_str() == word)
    }
}

impl StepStatus {
    /// The word in the table and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Failed, Self::Undone].into_iter().find(|status| status.as_str() == word)
    }
}

/// A participant's part in one registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub status: StepStatus,
    pub reason: Option<String>,
    /// The event that completed it last.
    pub completed_by: Option<EventId>,
}

/// One run of the saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub id: RegistrationId,
    /// The account to be.
    pub user: UserId,
    /// The command that asked for it.
    pub command: CommandId,
    pub status: SagaStatus,
    /// Counts the changes that may be seen.
    pub version: i64,
    /// The step that failed.
    pub failed_step: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Everybody whose part is needed.
    pub steps: Vec<Step>,
}

/// What a participant says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It has done its part.
    Completed,
    /// It could not, for this reason.
    Failed(String),
    /// It has undone its part.
    Compensated,
}

/// An answer on `chat.registrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantAnswer {
    pub registration: RegistrationId,
    /// The key that it came under.
    pub user: UserId,
    pub step: String,
    pub event: EventId,
    pub said: StepOutcome,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SagaDecision {
    /// Nothing, or only that the step is further.
    Nothing,
    /// All have completed: the account may be used.
    Register,
    /// There will be no account.
    Reject,
    /// Somebody completed after the rejection, by this event: it is said again.
    RejectAgain(EventId),
}

impl Registration {
    /// A new one, of which nobody has done anything.
    #[must_use]
    pub fn begun(id: RegistrationId, user: UserId, command: CommandId, steps: &Steps) -> Self {
        let step =
            |name: &String| Step { name: name.clone(), status: StepStatus::Pending, reason: None, completed_by: None };
        let steps = steps.names().iter().map(step).collect();
        let status = SagaStatus::Pending;
        Self { id, user, command, status, version: 1, failed_step: None, reason: None, steps }
    }

    /// Decides, if nobody's answer is missing.
    pub fn settle(&mut self) -> SagaDecision {
        let all = self.steps.iter().all(|step| step.status == StepStatus::Done);
        if self.status != SagaStatus::Pending || !all {
            return SagaDecision::Nothing;
        }
        self.status = SagaStatus::Registered;
        SagaDecision::Register
    }

    /// Decides against it, unless it is decided.
    pub fn reject(&mut self, step: Option<String>, reason: &str) -> SagaDecision {
        if self.status != SagaStatus::Pending {
            return SagaDecision::Nothing;
        }
        self.status = SagaStatus::Rejected;
        self.failed_step = step;
        self.reason = Some(reason.to_owned());
        SagaDecision::Reject
    }

    /// Takes an answer in.
    pub fn receive(&mut self, answer: &ParticipantAnswer) -> SagaDecision {
        if answer.user != self.user {
            return SagaDecision::Nothing;
        }
        let late = self.status == SagaStatus::Rejected;
        let Some(step) = self.steps.iter_mut().find(|step| step.name == answer.step) else {
            // Nobody waited for it, but it must not keep what it did.
            let completed = answer.said == StepOutcome::Completed;
            return if late && completed { SagaDecision::RejectAgain(answer.event) } else { SagaDecision::Nothing };
        };
        match (&answer.said, self.status) {
            (StepOutcome::Completed, _) if step.completed_by == Some(answer.event) => SagaDecision::Nothing,
            (StepOutcome::Completed, SagaStatus::Pending) => {
                step.status = StepStatus::Done;
                step.completed_by = Some(answer.event);
                self.settle()
            }
            (StepOutcome::Completed, SagaStatus::Rejected) => {
                step.status = StepStatus::Done;
                step.completed_by = Some(answer.event);
                SagaDecision::RejectAgain(answer.event)
            }
            (StepOutcome::Failed(reason), SagaStatus::Pending) => {
                let reason = reason.chars().take(REASON_CHARS).collect();
                self.fail(&answer.step, reason)
            }
            // It says that it has undone what nobody asked it to undo.
            (StepOutcome::Compensated, SagaStatus::Pending) => self.fail(&answer.step, "compensated".to_owned()),
            (StepOutcome::Failed(reason), SagaStatus::Rejected) if step.status == StepStatus::Pending => {
                step.status = StepStatus::Failed;
                step.reason = Some(reason.chars().take(REASON_CHARS).collect());
                SagaDecision::Nothing
            }
            (StepOutcome::Compensated, SagaStatus::Rejected) if step.status != StepStatus::Failed => {
                step.status = StepStatus::Undone;
                SagaDecision::Nothing
            }
            // What is registered stays registered.
            _ => SagaDecision::Nothing,
        }
    }

    fn fail(&mut self, name: &str, reason: String) -> SagaDecision {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == name) {
            step.status = StepStatus::Failed;
            step.reason = Some(reason);
        }
        self.reject(Some(name.to_owned()), STEP_FAILED)
    }
}

/// Whether nothing more is to be expected: it is decided, nobody has anything left to undo, and (for a rejection) everybody
/// has said so, or has been silent since for so long that it is away.
#[must_use]
pub fn is_final(status: SagaStatus, steps: &[Step], waited: bool) -> bool {
    match status {
        SagaStatus::Pending => false,
        SagaStatus::Registered => true,
        SagaStatus::Rejected => steps.iter().all(|step| match step.status {
            StepStatus::Done => false,
            StepStatus::Pending => waited,
            StepStatus::Failed | StepStatus::Undone => true,
        }),
    }
}

#[cfg(test)]
mod tests;
