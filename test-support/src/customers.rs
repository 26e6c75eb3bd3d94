//! The outside participant of `examples/customer-participant`, as a process of its own on an instance.

use std::process::{Child, Stdio};

use crate::instance::Instance;

/// A running participant, which ends when it is dropped.
pub struct Customers(Child);

impl Customers {
    /// Starts it with these arguments; what it has missed it does now.
    pub fn start(instance: &Instance, arguments: &[&str]) -> Self {
        let program = instance.program.sibling("customer-participant");
        let child = program.command(arguments).stdout(Stdio::null()).spawn().expect("the participant starts");
        Self(child)
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Customers {
    fn drop(&mut self) {
        self.end();
    }
}
