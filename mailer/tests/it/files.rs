//! Mails without a mail server: files to look at.

use std::os::unix::fs::PermissionsExt as _;

use mailer::Settings;
use platform::codes::Purpose;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_files_that_people_can_read_newest_last() {
    let world = World::new().await;
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("mail");
    let mailer = world.mailer(&Settings { mail_dir: Some(folder.clone()), ..Settings::default() }).await;
    let person = world.person().await;
    let first = world.ask(&person, Purpose::Verify, "ko").await;
    world.stands(first, "sent").await;
    let second = world.ask(&person, Purpose::Reset, "en").await;
    world.stands(second, "sent").await;

    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    let [older, newer] = names.as_slice() else { panic!("two files: {names:?}") };
    assert!(older.ends_with(&format!("-verify-{first}.eml")), "{older}");
    assert!(newer.ends_with(&format!("-reset-{second}.eml")), "{newer}");
    let text = std::fs::read_to_string(folder.join(older)).expect("UTF-8");
    let code = world.platform().codes.code(first).await.expect("a code");
    assert!(text.contains("님, 안녕하세요") && text.contains(code.digits()), "{text}");
    let mode = std::fs::metadata(folder.join(older)).expect("a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else reads codes");
    mailer.end().await;
    world.finish().await;
}
