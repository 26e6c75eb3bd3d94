//! Generations and progress, against real servers.

mod generations;
mod progress;
