//! TLS and log-in at the mail server, and settings that do not fit together.

use std::path::PathBuf;

use mailer::{Settings, SettingsError, Tls};
use platform::codes::Purpose;
use platform::settings::Secret;
use tempfile::TempDir;
use test_support::wait_for;

use super::server::MailServer;
use super::world::World;

/// A folder with a certificate for `localhost`, and its key.
fn certified() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    (folder, certificate)
}

fn secured(server: &MailServer, password: &str, ca: Option<PathBuf>) -> Settings {
    let plain = server.settings();
    let url = plain.smtp_url.as_ref().expect("a URL");
    Settings {
        smtp_url: Some(format!("smtp://localhost:{}", url.port).parse().expect("a URL")),
        smtp_tls: None,
        smtp_ca: ca,
        smtp_user: Some("chatlog".to_owned()),
        smtp_password: Some(Secret::from(password.to_owned())),
        ..plain
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_go_encrypted_and_logged_in_and_to_nobody_else() {
    let world = World::new().await;
    let (folder, certificate) = certified();
    let mut server = MailServer::on(folder);
    server.up();
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    let waits = async |settings: &Settings| {
        let mailer = world.mailer(settings).await;
        let tried = sqlx::query("update mail.outgoing set reason = null where request_id = $1").bind(request.0);
        tried.execute(&world.platform().db).await.expect("changed");
        wait_for("an attempt", async || {
            let reason: Option<Option<String>> =
                sqlx::query_scalar("select reason from mail.outgoing where request_id = $1 and status = 'waiting'")
                    .bind(request.0)
                    .fetch_optional(&world.platform().db)
                    .await
                    .expect("a row");
            reason.flatten().filter(|reason| reason == "server_away")
        })
        .await;
        mailer.end().await;
        world.end_leases().await;
    };
    // A server that nobody vouches for, and one that does not know us: the mail is not to blame, and waits.
    waits(&secured(&server, "letters only", None)).await;
    waits(&secured(&server, "other letters", Some(certificate.clone()))).await;
    assert!(server.received().is_empty());

    let mailer = world.mailer(&secured(&server, "letters only", Some(certificate))).await;
    world.stands(request, "sent").await;
    let mail = server.receives(1).await.remove(0);
    assert_eq!((mail.encrypted, mail.login.as_deref()), (true, Some("chatlog")));
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_fit_are_refused_at_the_start() {
    let world = World::new().await;
    let start = |settings: Settings| mailer::start(world.platform(), &settings);
    let remote = || Settings { smtp_url: "smtp://mail.example.org".parse().ok(), ..Settings::default() };
    let half = start(Settings { smtp_user: Some("chatlog".to_owned()), ..remote() });
    assert!(matches!(half, Err(SettingsError::HalfCredentials)), "{half:?}");
    let plain = start(Settings {
        smtp_tls: Some(Tls::None),
        smtp_user: Some("chatlog".to_owned()),
        smtp_password: Some("letters".to_owned().into()),
        ..remote()
    });
    assert!(matches!(plain, Err(SettingsError::PlainPassword(_))), "{plain:?}");
    let nothing = start(Settings { smtp_ca: Some("/nowhere/ca.pem".into()), ..remote() });
    assert!(matches!(nothing, Err(SettingsError::Certificates { .. })), "{nothing:?}");
    let folder = start(Settings { mail_dir: Some("/dev/null/mail".into()), ..Settings::default() });
    assert!(matches!(folder, Err(SettingsError::Folder { .. })), "{folder:?}");
    world.finish().await;
}
