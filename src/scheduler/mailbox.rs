//! Notes from every thread to the one thread that owns the pool.
//!
//! Waking that thread is the dearest thing the hot path does (a system call, a turn of an event loop),
//! so it is done once for any number of notes: only the push that finds the flag `armed` down wakes.
//! The protocol, and its race by name, is in `README.md`, "Last look".

use super::chunks::Chunks;
use super::sync::{AtomicBool, Mutex, Ordering, lock};

/// Wakes a sleeping thread or event loop. May be called from any thread, more often than needed.
pub trait Wake: Send + Sync {
    /// Makes the sleeper look again, soon.
    fn wake(&self);
}

/// An unbounded queue of notes with many producers and one consumer that sleeps between batches.
///
/// Producers come one after the other, since they hold the lock of the scheduler's core. So a lock of its own costs
/// next to nothing, and the consumer takes it once for all that has come.
pub struct Mailbox<N> {
    /// What has come since the consumer last looked.
    arrived: Mutex<Chunks<N>>,
    /// Whether anything has. Written with `arrived` locked; a look that finds nothing costs no lock.
    any: AtomicBool,
    /// What the consumer has fetched and not taken yet. Nobody else locks it.
    batch: Mutex<Chunks<N>>,
    /// Whether that is anything. The consumer's own.
    fetched: AtomicBool,
    armed: AtomicBool,
    owner: Box<dyn Wake>,
}

impl<N> Mailbox<N> {
    /// An empty mailbox whose consumer is woken through `owner`.
    pub fn new(owner: Box<dyn Wake>) -> Self {
        Self {
            arrived: Mutex::new(Chunks::new()),
            any: AtomicBool::new(false),
            batch: Mutex::new(Chunks::new()),
            fetched: AtomicBool::new(false),
            armed: AtomicBool::new(false),
            owner,
        }
    }

    /// Adds a note without waking anybody; follow it with [`Mailbox::notify`], outside of any lock.
    pub fn push(&self, note: N) {
        let mut arrived = lock(&self.arrived);
        arrived.push_back(note);
        // Relaxed: who must not miss it learns of it through `armed`, and reads the note under the lock.
        self.any.store(true, Ordering::Relaxed);
    }

    /// Wakes the consumer, unless somebody else has done so since it last slept.
    pub fn notify(&self) {
        // AcqRel: the release half publishes this producer's note to the consumer that lowers the flag
        // (race "last look"); the acquire half orders the swap after the push on the producer's side.
        if !self.armed.swap(true, Ordering::AcqRel) {
            self.owner.wake();
        }
    }

    /// The next note. Consumer only. O(1).
    pub fn take(&self) -> Option<N> {
        // Relaxed: the consumer reads what it has written itself.
        if !self.fetched.load(Ordering::Relaxed) {
            return self.fetch();
        }
        let mut batch = lock(&self.batch);
        let note = batch.pop_front();
        if batch.is_empty() {
            self.fetched.store(false, Ordering::Relaxed);
        }
        note
    }

    /// The first note of those that have arrived; the others are fetched with it.
    fn fetch(&self) -> Option<N> {
        // Relaxed: as in `push`.
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let mut arrived = lock(&self.arrived);
        let note = arrived.pop_front();
        if !arrived.is_empty() {
            // The emptied batch is where the next notes go: its memory is used again.
            std::mem::swap(&mut *lock(&self.batch), &mut *arrived);
            self.fetched.store(true, Ordering::Relaxed);
        }
        self.any.store(false, Ordering::Relaxed);
        note
    }

    /// Notes that there is memory for.
    #[cfg(all(test, not(feature = "model")))]
    pub(super) fn kept(&self) -> usize {
        lock(&self.arrived).capacity() + lock(&self.batch).capacity()
    }

    /// The consumer is about to look, and will look again before it sleeps, so that nobody needs to wake it
    /// until it has called [`Mailbox::rest`].
    pub fn watch(&self) {
        // AcqRel: as in `rest`; a producer that finds the flag up has its note seen by a later look.
        self.armed.swap(true, Ordering::AcqRel);
    }

    /// Called by the consumer when [`Mailbox::take`] has run dry: `true` if it may sleep, `false` if a
    /// note arrived meanwhile that nobody else will wake it for, so that it has to go on taking.
    pub fn rest(&self) -> bool {
        debug_assert!(!self.fetched.load(Ordering::Relaxed), "it has run dry");
        // AcqRel: pairs with `notify`. A producer whose swap saw `true` did it before this store, and the
        // acquire half makes its `any` visible to the look that follows.
        self.armed.swap(false, Ordering::AcqRel);
        if !self.any.load(Ordering::Relaxed) {
            return true;
        }
        // Whoever raises the flag first owes the wake-up: if it is a producer, this consumer may sleep.
        self.armed.swap(true, Ordering::AcqRel)
    }
}
