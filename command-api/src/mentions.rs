//! Mentions: the names after an `@` in a text, and whose they are when it is posted or edited.

use std::collections::{HashMap, HashSet};

use api_kit::Problem;
use event_schema::message::Posted;
use event_schema::{Payload, Text, UserId, limits};

use crate::accounts::username;
use crate::state::App;
use crate::store::accounts;

/// Names of one text that are looked up: some will be nobody's.
const LOOKED_UP: usize = 2 * limits::MENTIONS;
const SHORTEST: usize = *username::CHARS.start();

/// Names the people that these messages mention: one question for all of them, none where there is no `@`.
pub async fn of_posts(app: &App, posts: &mut [Posted]) -> Result<(), Problem> {
    let texts: Vec<&str> = posts.iter().map(|post| text(&post.content)).collect();
    let mentions = resolve(app, &texts).await?;
    for (post, mentions) in posts.iter_mut().zip(mentions) {
        post.mentions = mentions;
    }
    Ok(())
}

/// The same for an edit; other events mention nobody.
pub async fn of_edit(app: &App, payload: &mut Payload) -> Result<(), Problem> {
    if let Payload::MessageEdited(edited) = payload {
        let mentions = resolve(app, &[text(&edited.content)]).await?;
        edited.mentions = mentions.into_iter().next().unwrap_or_default();
    }
    Ok(())
}

fn text(content: &Text) -> &str {
    content.as_str().unwrap_or_default()
}

async fn resolve(app: &App, texts: &[&str]) -> Result<Vec<Vec<UserId>>, Problem> {
    let names: Vec<Vec<Vec<String>>> = texts.iter().map(|text| names(text)).collect();
    let keys: HashSet<&String> = names.iter().flatten().flatten().collect();
    if keys.is_empty() {
        return Ok(vec![Vec::new(); texts.len()]);
    }
    let keys: Vec<String> = keys.into_iter().cloned().collect();
    let known = accounts::named(&app.context.read_model.pool(), &keys).await?;
    Ok(names.iter().map(|names| people(names, &known)).collect())
}

/// Who is mentioned, each once, in the order of the text.
fn people(names: &[Vec<String>], known: &HashMap<String, UserId>) -> Vec<UserId> {
    let mut seen = HashSet::new();
    let found = names.iter().filter_map(|name| name.iter().find_map(|key| known.get(key)));
    found.copied().filter(|user| seen.insert(*user)).take(limits::MENTIONS).collect()
}

/// The names in a text: of each the keys that it may be meant as, the longest first. What looks like code or an e-mail
/// address mentions nobody.
fn names(text: &str) -> Vec<Vec<String>> {
    let (mut names, mut seen, mut at) = (Vec::new(), HashSet::new(), 0);
    while let Some(offset) = text[at..].find(['@', '`', '~', '\\']) {
        let start = at + offset;
        let rest = &text[start..];
        at = start
            + match rest.as_bytes()[0] {
                // What is escaped is meant as it stands.
                b'\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                b'@' => {
                    let name = name_length(&rest[1..]);
                    if stands_alone(&text[..start], &rest[1 + name..]) && seen.insert(&rest[1..=name]) {
                        names.push(keys(&rest[1..=name]));
                    }
                    1 + name
                }
                _ => code_length(&text[..start], rest),
            };
        if names.len() == LOOKED_UP {
            break;
        }
    }
    names.retain(|keys| !keys.is_empty());
    names
}

/// Also `:` and `%`, which the names of imported people have.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !username::is_name_char(c) && !matches!(c, ':' | '%')).unwrap_or(text.len())
}

/// Not in the middle of an address (`a@b`, `https://a/@b`, `@a@b`).
fn stands_alone(before: &str, after: &str) -> bool {
    let joined = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | '%' | '/' | '@');
    !before.chars().next_back().is_some_and(joined) && !after.starts_with('@')
}

/// A name ends a sentence, or is followed by a colon, as often as not.
fn keys(name: &str) -> Vec<String> {
    let bare = |text: &'_ str| text.trim_end_matches(['.', '_', '-', ':', '%']).len();
    let ends = [name.len(), bare(name), bare(&name[..name.find(':').unwrap_or(name.len())])];
    let mut keys = Vec::new();
    for end in ends {
        let name = &name[..end];
        let length = name.chars().take(limits::NAME_CHARS + 1).count();
        if (SHORTEST..=limits::NAME_CHARS).contains(&length) {
            let key = username::key(name);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// The length of the code that begins here, or of the marks that begin none (`CommonMark` 4.5 and 6.1).
fn code_length(before: &str, text: &str) -> usize {
    let mark = text.as_bytes()[0];
    let run = |text: &str| text.bytes().take_while(|byte| *byte == mark).count();
    let opening = run(text);
    let indent = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    if opening >= 3 && indent.len() <= 3 && indent.bytes().all(|byte| byte == b' ') {
        return fence_length(text, mark, opening);
    }
    if mark == b'~' {
        return opening;
    }
    let mut at = opening;
    while let Some(next) = text[at..].find('`') {
        let closing = run(&text[at + next..]);
        at += next + closing;
        if closing == opening {
            return at;
        }
    }
    opening
}

/// A fence ends with a line of at least as many marks, or with the text.
fn fence_length(text: &str, mark: u8, opening: usize) -> usize {
    let mut length = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        length += line.len();
        let line = line.trim_ascii();
        let closes = line.len() >= opening && line.bytes().all(|byte| byte == mark);
        if number > 0 && closes {
            break;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn known() -> HashMap<String, UserId> {
        ["owner", "reader", "irc:hall:guest", "관리자", "j.r."]
            .into_iter()
            .zip(1..)
            .map(|(name, n)| (name.to_owned(), UserId(Uuid::from_u128(n))))
            .collect()
    }

    /// The names of those who are mentioned.
    fn mentioned(text: &str) -> Vec<String> {
        let known = known();
        let name = |user: &UserId| known.iter().find(|(_, known)| *known == user).expect("known").0.clone();
        people(&names(text), &known).iter().map(name).collect()
    }

    #[test]
    fn a_name_after_an_at_is_a_mention() {
        for text in ["@owner", "hello @Owner!", "(@owner)", "@owner, @owner.", "**@owner**", "@owner: look", "…@owner…"]
        {
            assert_eq!(mentioned(text), ["owner"], "{text}");
        }
        assert_eq!(mentioned("@reader and @owner, @reader"), ["reader", "owner"], "each once, in order");
        assert_eq!(mentioned("@관리자 안녕"), ["관리자"]);
        assert_eq!(mentioned("@irc:hall:guest: welcome"), ["irc:hall:guest"]);
        assert_eq!(mentioned("as @J.R. said"), ["j.r."], "the longest that is somebody's");
        assert_eq!(mentioned("@owner:reader"), ["owner"]);
    }

    #[test]
    fn addresses_and_escapes_mention_nobody() {
        for text in [
            "someone@owner",
            "a.b+@owner",
            "@owner@example.org",
            "https://example.org/@owner",
            "@@owner",
            r"\@owner",
            "@ owner",
            "@",
            "owner",
            "@ow",
            "@nobody",
            "@owners",
        ] {
            assert!(mentioned(text).is_empty(), "{text}");
        }
        assert_eq!(mentioned(r"\\@owner"), ["owner"], "the backslash is escaped, not the at");
    }

    #[test]
    fn code_mentions_nobody() {
        for text in [
            "`@owner`",
            "a `b @owner c` d",
            "``a ` @owner``",
            "```\n@owner\n```",
            "~~~\n@owner\n~~~\n",
            "text\n  ```\n@owner",
            "````\n```\n@owner\n````",
        ] {
            assert!(mentioned(text).is_empty(), "{text}");
        }
        for text in
            ["`` @owner `", "`a` @owner `b`", "```\na\n```\n@owner", "~~@owner~~", r"\`@owner\`", "a ``` @owner"]
        {
            assert_eq!(mentioned(text), ["owner"], "{text}");
        }
    }

    #[test]
    fn only_so_many_are_looked_up_and_mentioned() {
        let text = (0..500).map(|n| format!("@user{n}")).collect::<Vec<_>>().join(" ");
        let names = names(&text);
        assert_eq!(names.len(), LOOKED_UP);
        let known = names.iter().flatten().zip(0..).map(|(key, n)| (key.clone(), UserId(Uuid::from_u128(n)))).collect();
        assert_eq!(people(&names, &known).len(), limits::MENTIONS);
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in r"[@`~\\a-c:.\n 한]{0,60}") {
            prop_assert!(names(&text).len() <= LOOKED_UP);
        }
    }
}
