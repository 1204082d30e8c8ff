//! Notes from every thread to the one thread that owns the pool.
//!
//! Waking that thread is the dearest thing the hot path does (a system call, a turn of an event loop),
//! so it is done once for any number of notes: only the push that finds the flag `armed` down wakes.
//! The protocol, and its race by name, is in `README.md`, "Last look".

#[cfg(feature = "model")]
use std::collections::VecDeque;

use super::sync::{AtomicBool, Ordering};
#[cfg(feature = "model")]
use super::sync::{Mutex, lock};

/// Wakes a sleeping thread or event loop. May be called from any thread, more often than needed.
pub trait Wake: Send + Sync {
    /// Makes the sleeper look again, soon.
    fn wake(&self);
}

/// An unbounded queue of notes with many producers and one consumer that sleeps between batches.
pub struct Mailbox<N> {
    notes: Notes<N>,
    armed: AtomicBool,
    owner: Box<dyn Wake>,
}

impl<N> Mailbox<N> {
    /// An empty mailbox whose consumer is woken through `owner`.
    pub fn new(owner: Box<dyn Wake>) -> Self {
        Self { notes: Notes::new(), armed: AtomicBool::new(false), owner }
    }

    /// Adds a note without waking anybody; follow it with [`Mailbox::notify`], outside of any lock.
    pub fn push(&self, note: N) {
        self.notes.push(note);
    }

    /// Wakes the consumer, unless somebody else has done so since it last slept.
    pub fn notify(&self) {
        // AcqRel: the release half publishes this producer's note to the consumer that lowers the flag
        // (race "last look"); the acquire half orders the swap after the push on the producer's side.
        if !self.armed.swap(true, Ordering::AcqRel) {
            self.owner.wake();
        }
    }

    /// The next note. Consumer only.
    pub fn take(&self) -> Option<N> {
        self.notes.take()
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
        // AcqRel: pairs with `notify`. A producer whose swap saw `true` did it before this store, and the
        // acquire half makes its note visible to the look that follows.
        self.armed.swap(false, Ordering::AcqRel);
        if self.notes.is_empty() {
            return true;
        }
        // Whoever raises the flag first owes the wake-up: if it is a producer, this consumer may sleep.
        self.armed.swap(true, Ordering::AcqRel)
    }
}

#[cfg(not(feature = "model"))]
struct Notes<N>(crossbeam_channel::Sender<N>, crossbeam_channel::Receiver<N>);

#[cfg(not(feature = "model"))]
impl<N> Notes<N> {
    fn new() -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Self(sender, receiver)
    }

    fn push(&self, note: N) {
        // The receiver lives beside the sender, so the channel is never disconnected.
        let _ = self.0.send(note);
    }

    fn take(&self) -> Option<N> {
        self.1.try_recv().ok()
    }

    fn is_empty(&self) -> bool {
        self.1.is_empty()
    }
}

/// What a channel is, in primitives that the model checker knows.
#[cfg(feature = "model")]
struct Notes<N>(Mutex<VecDeque<N>>);

#[cfg(feature = "model")]
impl<N> Notes<N> {
    fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn push(&self, note: N) {
        lock(&self.0).push_back(note);
    }

    fn take(&self) -> Option<N> {
        lock(&self.0).pop_front()
    }

    fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}
