//! The program on real servers: what it imports, serves and shows.

mod commands;
mod contract;
mod events;
mod folding;
mod importing;
mod mail;
mod metrics;
mod origin;
mod parked;
mod past;
mod serving;
mod world;
