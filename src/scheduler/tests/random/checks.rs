//! What is true after every step of a life.

use super::life::{Counts, Life, Phase, Place, Task};
use super::members::Member;
use super::*;

impl Life {
    /// Reads the notes, and starts whom they tell to.
    pub(super) fn read_notes(&mut self) {
        for note in self.pool.notes() {
            match note {
                Seen::Hire(kind, id) => self.hired(kind, id),
                Seen::Drained => {
                    assert!(std::mem::take(&mut self.is_full), "it was full");
                }
                note => self.seen.push(note),
            }
        }
    }

    /// Sees what has become of everybody.
    pub(super) fn look_around(&mut self) {
        self.read_notes();
        self.see_who_stands_where();
        self.those_woken_get_up();
        self.see_who_retires();
    }

    pub(super) fn check(&mut self) {
        self.look_around();
        if self.phase != Phase::Open && self.tasks.is_empty() && self.members.is_empty() && !self.ended {
            self.ended = true;
            self.expected.push(Seen::PoolEnded);
        }
        let kills = self.seen.extract_if(.., |note| matches!(note, Seen::Kill(_)));
        let expected_kills = std::mem::take(&mut self.expected_kills).into_iter().map(Seen::Kill);
        assert!(kills.eq(expected_kills), "those that do not answer, and no others");
        assert_eq!(std::mem::take(&mut self.seen), std::mem::take(&mut self.expected));
        for ((_, id), member) in &mut self.members {
            assert_eq!(member.bell.stops(), std::mem::take(&mut member.expected_stops), "executor {id}");
        }
        self.alarm_rung |= self.pool.alarm.rings() > 0;
        let next = self.next_urgent_moment();
        let timely = next.is_none_or(|next| self.alarm_rung || self.alarm_at.is_some_and(|at| at <= next));
        assert!(timely, "nobody looks in time: {:?} instead of {next:?}", self.alarm_at);
        self.check_figures();
        KINDS.into_iter().for_each(|kind| {
            self.check_hands(kind);
            self.check_standing_by(kind);
        });
        self.check_worn();
        self.check_homes();
        self.check_reserve();
    }

    /// Nobody works on that is worn while one in reserve is up and may have its post.
    fn check_worn(&self) {
        let count =
            |counts: fn(&Member) -> bool| self.crew(Kind::JavaScript).filter(|member| counts(member)).count();
        let is_overstaffed = count(|member| member.holds_post) > self.rules.maximum;
        let heirs = count(|member| member.is_spare && member.is_up);
        let worn = count(|member| member.is_worn && !member.retires);
        assert!(is_overstaffed || heirs == 0 || worn == 0, "a worn worker is to make way");
    }

    /// Nobody waits for fewer tasks to run who may take one.
    fn check_standing_by(&self, kind: Kind) {
        let taken: usize = self.crew(kind).map(Member::taken).sum();
        assert!(
            self.standing_by(kind) == 0 || taken >= self.most(kind),
            "more might run, and somebody stands by"
        );
    }

    /// No more are in reserve than there are to be. Fewer may be: who did not come up is not replaced.
    fn check_reserve(&self) {
        let missing = lock(&self.pool.scheduler.core).sides[Kind::JavaScript].crew.missing_spares();
        assert!(self.phase != Phase::Open || missing >= 0, "{} too many are in reserve", -missing);
    }

    /// Nothing waits for one executor alone that is not there for it.
    fn check_homes(&self) {
        let core = lock(&self.pool.scheduler.core);
        for (id, executor) in core.sides[Kind::JavaScript].crew.iter() {
            assert!(executor.pinned == 0 || executor.is_home(), "executor {id} has given nothing back");
        }
    }

    fn check_figures(&self) {
        let snapshot = self.pool.scheduler.snapshot();
        for (kind, summary) in KINDS.into_iter().zip([&snapshot.workers, &snapshot.native_threads]) {
            let count = |counts: fn(&Member) -> bool| self.crew(kind).filter(|member| counts(member)).count();
            let (floor, busy) = (count(Member::is_on_the_floor), count(Member::is_occupied));
            let hidden = floor.saturating_sub(self.rules.maximum).min(floor - busy);
            assert_eq!((summary.total, summary.busy), (floor - hidden, busy));
            assert_eq!(summary.spare, count(|member| member.is_spare) + hidden);
            let ready = count(Member::is_ready);
            assert!(summary.idle <= ready && summary.idle + hidden >= ready);
        }
        let queue = &snapshot.queue;
        let waiting = KINDS.map(|kind| self.waiting(kind) - self.spoken_for(kind)).iter().sum::<usize>();
        assert_eq!(queue.length + queue.held, waiting);
        assert_eq!(queue.by_priority.iter().map(|level| level.1).sum::<usize>(), waiting);
        let runs = |task: &&Task| matches!(task.place, Place::Running(_));
        let running = self.tasks.values().filter(runs).count();
        assert_eq!(snapshot.running.len(), running);
        let tasks = snapshot.tasks;
        let counts = Counts {
            submitted: tasks.submitted,
            completed: tasks.completed,
            failed: tasks.failed,
            timed_out: tasks.timed_out,
            cancelled: tasks.cancelled,
            retried: tasks.retried,
        };
        assert_eq!(counts, self.counts);
        let over = counts.completed + counts.failed + counts.timed_out + counts.cancelled;
        assert_eq!(counts.submitted, over + self.tasks.len() as u64);
    }

    /// How many waiting tasks those who are up and free will take. What is kept for one is for the scheduler to know.
    fn spoken_for(&self, kind: Kind) -> usize {
        let spoken = lock(&self.pool.scheduler.core).spoken_for(kind, self.now * 1_000_000).len();
        if self.is_shared {
            let places = if kind == Kind::JavaScript { self.rules.places } else { 1 };
            let limit = self.rules.tasks_per_worker.filter(|_| kind == Kind::JavaScript);
            let left = |member: &Member| {
                let lasts = limit.map_or(usize::MAX, |limit| (limit - member.started) as usize);
                (places - member.runs.len()).min(lasts)
            };
            let free: usize = self.free(kind).map(left).sum();
            let taken: usize = self.crew(kind).map(Member::taken).sum();
            let most = (self.rules.maximum * places).saturating_sub(taken);
            let most = if self.crew(kind).count() > self.rules.maximum { most } else { usize::MAX };
            assert_eq!(spoken, self.waiting(kind).min(free).min(most), "as many as there is somebody for");
        }
        spoken
    }

    /// The last note has come, and nobody is left.
    pub(super) fn has_ended(&self) {
        assert!(self.ended && self.members.is_empty() && self.pool.notes().is_empty());
    }
}
