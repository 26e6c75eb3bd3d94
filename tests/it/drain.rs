//! SIGTERM under load: what is in flight is answered, nothing that was acked is lost, and the end comes in time.

use std::time::Duration;

use test_support::assertions::assert_nothing_lost;
use test_support::load::Load;
use test_support::person::messages;
use test_support::process::Process;
use test_support::random::{again, seed};
use test_support::{Api, Instance, Item, Person, Room, log, wait_for_within};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// What the platform promises.
const DRAIN: Duration = Duration::from_mins(1);

/// A post of which the server has the head and waits for the body: in flight beyond doubt.
struct HalfSent {
    stream: BufReader<TcpStream>,
    body: String,
}

impl HalfSent {
    async fn begin(process: &Process, person: &Person, room: &Room, text: &str) -> Self {
        let body = serde_json::json!({"text": text}).to_string();
        let mut stream = BufReader::new(TcpStream::connect(process.address()).await.expect("a connection"));
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: chatlog\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            messages(room),
            person.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("an interim answer");
        assert!(line.starts_with("HTTP/1.1 100"), "{line}");
        Self { stream, body }
    }

    async fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.expect("the body is taken");
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.expect("an answer, then the end of the connection");
        answer.trim_start().to_owned()
    }
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_loses_nothing() {
    let seed = seed();
    println!("{}", again(seed));
    let instance = Instance::on_given_servers().await;
    let mut process = instance.serve("all-roles", &[]).await;
    let api = Api::new(process.url());
    let owner = Person::sign_up(&api, "owner").await;
    let rooms = [owner.channel("Drained").await, owner.channel("Drained, too").await];
    let slow = [owner.group("Slow").await];
    let mut writers = vec![owner.clone()];
    for _ in 0..3 {
        let writer = Person::sign_up(&api, "writer").await;
        for room in &rooms {
            let _ = writer.join(room).await.expect(202);
        }
        writers.push(writer);
    }
    let load = Load::start(&writers, &rooms, seed);
    load.goes_on(20).await;

    let half_sent = HalfSent::begin(&process, &owner, &slow[0], "begun before the end").await;
    process.terminate();
    // No new connection is taken any more, and the process is still there for the old ones.
    wait_for_within("the listener is closed", DRAIN, async || {
        TcpStream::connect(process.address()).await.is_err().then_some(())
    })
    .await;
    let answer = half_sent.finish().await;
    assert!(answer.contains("HTTP/1.1 202"), "{answer}");
    let status = wait_for_within("the process has ended", DRAIN, async || process.exit()).await;
    assert!(status.success(), "{status}");

    // The writers go on with the same keys at the next process, as clients do.
    process.start();
    process.ready().await;
    load.goes_on(5).await;
    let acked = load.finish().await;
    let log = log::read(&instance).await;
    assert_nothing_lost(&owner, &rooms, &acked, &log).await;
    let items = owner.walk(&slow[0], 10, &slow[0].position).await;
    assert_eq!(items.iter().map(Item::text).collect::<Vec<_>>(), ["begun before the end"]);
}
