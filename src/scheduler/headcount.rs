//! What users see of the executors of one kind.

use std::cmp::Reverse;

use super::clock::{Nanoseconds, milliseconds};
use super::crew::Crew;
use super::executor::Executor;
use super::statistics::{CrewSummary, ExecutorSummary};
use super::types::Kind;

impl Crew {
    pub(super) fn summary(&self) -> CrewSummary {
        let hidden = self.hidden();
        let is_idle = |(id, executor): &(u32, &Executor)| executor.is_ready() && !hidden.contains(id);
        CrewSummary {
            total: self.count(Executor::is_on_the_floor) - hidden.len(),
            busy: self.count(Executor::is_occupied),
            idle: self.iter().filter(is_idle).count(),
            spare: self.reserve() + hidden.len(),
        }
    }

    /// Those beyond the maximum who have nothing to do: while others are on their way out, whose tasks have not ended.
    fn hidden(&self) -> Vec<u32> {
        let most = self.count(Executor::is_on_the_floor).saturating_sub(self.maximum);
        if most == 0 {
            return Vec::new();
        }
        let unneeded = |executor: &Executor| executor.is_on_the_floor() && !executor.is_occupied();
        let mut unneeded: Vec<_> = self.iter().filter(|(_, executor)| unneeded(executor)).collect();
        unneeded.sort_by_key(|(id, executor)| (!executor.is_retiring(), executor.is_ready(), Reverse(*id)));
        unneeded.into_iter().map(|(id, _)| id).take(most).collect()
    }

    /// Each executor's figures.
    pub(super) fn per_executor(&self, kind: Kind, now: Nanoseconds) -> impl Iterator<Item = ExecutorSummary> {
        let hidden = self.hidden();
        let shown =
            self.iter().filter(move |(id, executor)| executor.is_on_the_floor() && !hidden.contains(id));
        shown.map(move |(id, executor)| {
            let busy = executor.busy(now);
            let life = now.saturating_sub(executor.born).max(1);
            ExecutorSummary {
                id,
                kind,
                busy: executor.is_occupied(),
                tasks: executor.tasks,
                busy_time: milliseconds(busy),
                utilization: (busy as f64 / life as f64).min(1.0),
            }
        })
    }
}
