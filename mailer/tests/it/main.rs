//! The mailer on real servers: Kafka, Postgres, and a mail server that speaks SMTP.

mod log;
mod server;
mod world;

mod crashing;
mod delivering;
mod failing;
mod files;
mod saga;
mod securing;
