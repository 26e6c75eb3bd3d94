//! `chatlog rebuild --room`: one room mended from the log while everything goes on.

use event_schema::RoomId;
use platform::Platform;
use replay::progress::PhaseProgress;
use replay::rebuild::{Repaired, RepairedRoom, repair_room};
use replay::verify::Sources;

use crate::folding::shown;
use crate::{Exit, output, verify};

/// Exit codes beside 0.
const DIFFERENT: u8 = 1;
const UNKNOWN: u8 = 2;

/// Mends, compares, and says what was wrong.
pub async fn run(platform: &Platform, sources: &Sources, room: RoomId, json: bool) -> anyhow::Result<()> {
    let progress = PhaseProgress::default();
    let repaired = match shown(&progress, repair_room(platform, sources, room, &progress)).await {
        Ok(repaired) => repaired,
        Err(error) => {
            output::note(format_args!("error: {error}"));
            return Err(Exit(UNKNOWN).into());
        }
    };
    if json {
        output::line(serde_json::to_string(&repaired)?)?;
    } else {
        print_report(&repaired)?;
    }
    if repaired.is_same() { Ok(()) } else { Err(Exit(DIFFERENT).into()) }
}

fn print_report(repaired: &Repaired) -> std::io::Result<()> {
    for mended in &repaired.generations {
        let RepairedRoom { generation, events, touched, .. } = mended;
        if touched.is_empty() {
            output::line(format_args!("generation {generation}: nothing to mend in {events} events of the room"))?;
        } else {
            let tables = touched.iter().map(|it| format!("{} (-{} +{})", it.table, it.removed, it.written));
            let tables = tables.collect::<Vec<_>>().join(", ");
            output::line(format_args!("generation {generation}: mended from {events} events of the room: {tables}"))?;
        }
        if let Some(place) = &mended.parked_from {
            output::line(format_args!("  the room is parked from {place} on: up to there it is as the log says"))?;
        }
        verify::print_report(&mended.verified)?;
    }
    for generation in &repaired.left_out {
        output::line(format_args!("generation {generation} is of another fold version: its own program mends it"))?;
    }
    Ok(())
}
