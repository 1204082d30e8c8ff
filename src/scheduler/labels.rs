//! What is known of the runs of each label.
//!
//! A task looks for its label's figures once, when it is submitted, and knows from then on where they are.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Serialize;

use super::by_kind::ByKind;
use super::clock::{Nanoseconds, milliseconds};
use super::types::Kind;

/// Runs of a label after which it is known how long the next will take: the first few also load and compile.
const KNOWN: u64 = 8;

/// One task name's figures.
#[derive(Clone, Debug, Default)]
struct PerLabel {
    completed: u64,
    failed: u64,
    runs: u64,
    busy: Nanoseconds,
    longest: Nanoseconds,
    /// Time of the runs of late.
    recent: Nanoseconds,
}

/// One task name's figures, times in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct LabelSummary {
    /// The number the submitter gave the name.
    pub label: u32,
    /// Which executors run it.
    pub kind: Kind,
    /// Tasks that resolved.
    pub completed: u64,
    /// Tasks that ran and rejected, or timed out.
    pub failed: u64,
    /// Mean time of its runs, which are more than its tasks if some were tried again.
    pub mean: f64,
    /// Longest of its runs.
    pub max: f64,
}

/// Where the figures of a label are, as long as a task has that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

pub(super) struct Labels {
    figures: Vec<PerLabel>,
    /// Where those are of labels that tasks were submitted with and that are not forgotten.
    places: ByKind<HashMap<u32, Place, BuildHasherDefault<Spread>>>,
    /// Of labels that were forgotten.
    free: Vec<Place>,
}

/// Labels are consecutive numbers that nobody chooses to do harm: a multiplication spreads them well enough, at a
/// fraction of what the usual hasher costs.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Labels {
    pub(super) fn new() -> Self {
        Self { figures: Vec::new(), places: ByKind::new(|_| HashMap::default()), free: Vec::new() }
    }

    /// Where the figures of a label are, which a task has from now on.
    pub(super) fn place(&mut self, kind: Kind, label: u32) -> Place {
        let (figures, free) = (&mut self.figures, &mut self.free);
        *self.places[kind].entry(label).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                figures.push(PerLabel::default());
                Place(figures.len() as u32 - 1)
            })
        })
    }

    fn at(&mut self, place: Place) -> &mut PerLabel {
        &mut self.figures[place.0 as usize]
    }

    /// A run is over.
    pub(super) fn ran(&mut self, place: Place, time: Nanoseconds) {
        let figures = self.at(place);
        figures.runs += 1;
        figures.busy += time;
        figures.longest = figures.longest.max(time);
        figures.recent =
            if figures.runs == 1 { time } else { figures.recent - figures.recent / 8 + time / 8 };
    }

    /// A task is over that ran.
    pub(super) fn over(&mut self, place: Place, completed: bool) {
        let figures = self.at(place);
        figures.completed += u64::from(completed);
        figures.failed += u64::from(!completed);
    }

    /// How long a run of this label will take, by those of late; `None` if there were too few to tell.
    pub(super) fn expected(&self, place: Place) -> Option<Nanoseconds> {
        let figures = &self.figures[place.0 as usize];
        (figures.runs >= KNOWN).then_some(figures.recent)
    }

    /// Mean time of a label's runs in milliseconds, and how many there were.
    pub(super) fn usual(&self, place: Place) -> (f64, u64) {
        let figures = &self.figures[place.0 as usize];
        (milliseconds(figures.busy) / figures.runs.max(1) as f64, figures.runs)
    }

    /// Forgets the figures of labels that no task has.
    pub(super) fn forget(&mut self, kind: Kind, labels: &[u32]) {
        for label in labels {
            if let Some(place) = self.places[kind].remove(label) {
                *self.at(place) = PerLabel::default();
                self.free.push(place);
            }
        }
    }

    /// Those that a task is over of, in order.
    pub(super) fn summaries(&self) -> Vec<LabelSummary> {
        let mut summaries = Vec::new();
        for kind in Kind::BOTH {
            let first = summaries.len();
            for (label, place) in &self.places[kind] {
                let figures = &self.figures[place.0 as usize];
                if figures.completed + figures.failed > 0 {
                    summaries.push(LabelSummary {
                        label: *label,
                        kind,
                        completed: figures.completed,
                        failed: figures.failed,
                        mean: milliseconds(figures.busy) / figures.runs.max(1) as f64,
                        max: milliseconds(figures.longest),
                    });
                }
            }
            summaries[first..].sort_unstable_by_key(|summary| summary.label);
        }
        summaries
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_makes_room_and_leaves_nothing_to_whoever_comes_there() {
        let mut labels = Labels::new();
        for label in 0..1000 {
            let place = labels.place(Kind::JavaScript, label);
            assert_eq!(labels.usual(place), (0.0, 0));
            labels.ran(place, 1);
            labels.over(place, true);
            labels.forget(Kind::JavaScript, &[label]);
        }
        assert_eq!(labels.figures.len(), 1);
        assert!(labels.summaries().is_empty());
    }
}
