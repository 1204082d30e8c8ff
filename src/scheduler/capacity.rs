//! How much the executors of one kind can take: how many more may come, how many tasks may run, and who has room for one.

use super::clock::Nanoseconds;
use super::crew::Crew;
use super::executor::{Executor, State};

impl Crew {
    /// Whether one more may be put on duty.
    pub(super) fn has_room(&self) -> bool {
        self.vacancies() > 0
    }

    /// Whether one is missing from the minimum, and may be hired.
    pub(super) fn lacks_minimum(&self) -> bool {
        self.staying() < self.minimum && self.has_room()
    }

    /// How many more may be put on duty.
    pub(super) fn vacancies(&self) -> usize {
        self.maximum.saturating_sub(self.count(Executor::holds_post))
    }

    /// Whether as many tasks run as may, with `places` for each of the maximum. While there are no more executors than
    /// that, their own places say so.
    pub(super) fn is_full(&self, places: usize) -> bool {
        self.is_crowded() && self.taken() >= self.maximum.saturating_mul(places)
    }

    /// Whether there are more executors than may be on duty: those in reserve, and those on their way out.
    pub(super) fn is_crowded(&self) -> bool {
        self.len() > self.maximum
    }

    /// Tasks that run, or are about to. One that was told to stop is among them until it is handed in, or its executor
    /// is gone.
    pub(super) fn taken(&self) -> usize {
        self.values().map(Executor::taken).sum()
    }

    /// Those on duty that could take a task, if more might run.
    pub(super) fn standing_by(&self) -> impl Iterator<Item = u32> {
        let standing_by = |executor: &Executor| executor.state == State::StandingBy && !executor.is_spare();
        self.iter().filter(move |(_, executor)| standing_by(executor)).map(|(id, _)| id)
    }

    /// One that stands by, if it does, may take tasks from now on: it is idle.
    pub(super) fn release(&mut self, id: u32, now: Nanoseconds) {
        if self[id].state == State::StandingBy {
            self.enter_idle(id, State::Asleep { since: now });
        }
    }

    /// Those that are about to ask for a task.
    pub(super) fn coming(&self) -> usize {
        self.count(Executor::is_coming)
    }

    /// Those that will ask for a task without waiting for one that they run.
    pub(super) fn free(&self) -> usize {
        self.count(Executor::is_free)
    }

    /// Tasks that could be taken soon, by those that are free or not yet hired, `places` by each.
    pub(super) fn room(&self, places: usize) -> usize {
        let free = self.values().filter(|executor| executor.is_free());
        let left = |executor: &Executor| places.saturating_sub(executor.runs.len());
        free.map(left).sum::<usize>() + self.vacancies() * places
    }

    /// Executors that are up and will take what waits, and how many tasks each, `places` at a time and `limit` in its
    /// life: of its own `pinned` ones, and of what anybody may take.
    pub(super) fn hands(&self, places: usize, limit: Option<u64>) -> (Vec<(u32, usize)>, usize) {
        let mut left = match self.is_crowded() {
            true => self.maximum.saturating_mul(places).saturating_sub(self.taken()),
            false => usize::MAX,
        };
        let (mut own, mut shared) = (Vec::new(), 0);
        for (id, executor) in self.iter().filter(|(_, executor)| executor.is_up() && executor.is_free()) {
            let runs = executor.runs.len();
            let lasts = limit.map_or(usize::MAX, |limit| {
                usize::try_from(limit.saturating_sub(executor.tasks)).unwrap_or(usize::MAX)
            });
            let room = places.min(lasts).saturating_sub(runs).min(left);
            left -= room;
            let pinned = executor.pinned.min(room);
            own.push((id, pinned));
            shared += room - pinned;
        }
        (own, shared)
    }
}
