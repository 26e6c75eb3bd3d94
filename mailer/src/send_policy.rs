//! Whether a mail may go out (pure): what the account says when it is about to be sent.

use crate::template::Template;

/// How long a mail waits for its account before it is looked at again, unless the log says sooner that it is there.
pub(crate) const PENDING: &str = "pending";

/// What is known of an account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) status: String,
    pub(crate) address: Option<String>,
    pub(crate) display_name: String,
    pub(crate) username: String,
}

/// What becomes of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SendDecision {
    /// It goes to this address.
    Send(String),
    Wait(&'static str),
    /// Never: for this reason, a stable word.
    Drop(&'static str),
}

/// Judges a mail. `code_counts`: whether the code that it would carry is still the account's.
pub(crate) fn judge(template: Template, account: Option<&Account>, code_counts: bool) -> SendDecision {
    let Some(account) = account else { return SendDecision::Drop("account_gone") };
    match (account.status.as_str(), template) {
        ("pending", _) => return SendDecision::Wait(PENDING),
        ("verified", Template::Verify) => return SendDecision::Drop("already_verified"),
        ("registered" | "verified", _) => {}
        _ => return SendDecision::Drop("account_closed"),
    }
    if template.purpose().is_some() && !code_counts {
        return SendDecision::Drop("superseded");
    }
    match &account.address {
        Some(address) => SendDecision::Send(address.clone()),
        None => SendDecision::Drop("no_address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(status: &str) -> Account {
        Account {
            status: status.to_owned(),
            address: Some("owner@example.org".to_owned()),
            display_name: "Owner".to_owned(),
            username: "owner".to_owned(),
        }
    }

    fn of(template: Template, status: &str, code_counts: bool) -> SendDecision {
        judge(template, Some(&account(status)), code_counts)
    }

    #[test]
    fn a_mail_goes_to_who_can_use_it() {
        let sent = SendDecision::Send("owner@example.org".to_owned());
        assert_eq!(of(Template::Verify, "registered", true), sent);
        assert_eq!(of(Template::Reset, "verified", true), sent);
        assert_eq!(of(Template::PasswordChanged, "registered", false), sent, "a notice has no code");
    }

    #[test]
    fn a_sign_up_that_is_not_decided_is_waited_for() {
        assert_eq!(of(Template::Verify, "pending", true), SendDecision::Wait(PENDING));
        assert_eq!(of(Template::Verify, "pending", false), SendDecision::Wait(PENDING));
    }

    #[test]
    fn what_nobody_could_use_is_dropped() {
        assert_eq!(judge(Template::Verify, None, true), SendDecision::Drop("account_gone"));
        assert_eq!(of(Template::Verify, "verified", true), SendDecision::Drop("already_verified"));
        assert_eq!(of(Template::Reset, "registered", false), SendDecision::Drop("superseded"));
        for status in ["suspended", "deactivated"] {
            assert_eq!(of(Template::Reset, status, true), SendDecision::Drop("account_closed"), "{status}");
        }
        let bot = Account { address: None, ..account("registered") };
        assert_eq!(judge(Template::PasswordChanged, Some(&bot), true), SendDecision::Drop("no_address"));
    }
}
