//! How much memory the native tasks of a pool hold together.
//!
//! A task asks before it takes what is large or what its input decides: copies, outputs, tables. What is small and
//! bounded it just takes. Nobody waits for memory: two tasks that hold half of it each would wait for ever.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Failure;

/// The memory of one pool. Counts what was asked for, not what the allocator makes of it.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that may be held at a time.
    limit: u64,
    held: AtomicU64,
    largest_output: usize,
}

/// For those that nobody limits.
pub(super) static UNLIMITED: Budget = Budget::new(u64::MAX);

impl Budget {
    /// A budget of `limit` bytes; `u64::MAX` for no limit.
    pub const fn new(limit: u64) -> Self {
        Self { limit, held: AtomicU64::new(0), largest_output: usize::MAX }
    }

    /// The same, where nobody can be handed an output of more bytes.
    pub const fn with_largest_output(self, largest_output: usize) -> Self {
        Self { limit: self.limit, held: self.held, largest_output }
    }

    /// Bytes of the largest output that can be handed over.
    pub(super) fn largest_output(&self) -> usize {
        self.largest_output
    }

    /// Bytes that are held now.
    pub fn held(&self) -> u64 {
        // Relaxed, as everywhere here: the number is the only datum, and guards no memory.
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), Failure> {
        let sum = |held: u64| held.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        taken.map(|_| ()).map_err(|held| {
            Failure::new(
                "ERR_OUT_OF_MEMORY",
                format!(
                    "There is no room for {bytes} bytes more: the native tasks of this pool hold {held} of the {} \
                     that 'nativeMemory' allows; raise it, or run fewer of them at a time.",
                    self.limit
                ),
            )
        })
    }

    fn give_back(&self, bytes: u64) {
        let held = self.held.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(held >= bytes, "nobody gives back what was not taken");
    }
}

/// Memory that a task has been granted; dropping it gives it back. It holds no memory itself: whoever has it
/// allocates, and frees before this is dropped.
#[derive(Debug)]
pub struct Memory<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl<'a> Memory<'a> {
    pub(super) fn none(budget: &'a Budget) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Bytes that are granted.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Asks for `more` bytes.
    ///
    /// # Errors
    /// `ERR_OUT_OF_MEMORY`; what was granted before stays.
    pub fn grow(&mut self, more: usize) -> Result<(), Failure> {
        if more > 0 {
            self.budget.take(more as u64)?;
            self.bytes += more;
        }
        Ok(())
    }

    /// Gives back `less` bytes, or all if there are fewer.
    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        if less > 0 {
            self.budget.give_back(less as u64);
            self.bytes -= less;
        }
    }

    /// Grows or shrinks to `bytes`.
    ///
    /// # Errors
    /// As [`Memory::grow`].
    pub fn resize(&mut self, bytes: usize) -> Result<(), Failure> {
        self.shrink(self.bytes.saturating_sub(bytes));
        self.grow(bytes.saturating_sub(self.bytes))
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::super::{Context, StopToken};
    use super::*;

    #[test]
    fn what_is_held_is_counted_and_given_back() {
        let (token, budget) = (StopToken::default(), Budget::new(100));
        let context = Context::new(&token, 1).with_budget(&budget);
        let mut first = context.memory(60).expect("there is room");
        let second = context.memory(40).expect("to the last byte");
        assert_eq!((first.bytes(), budget.held()), (60, 100));
        first.shrink(50);
        first.grow(5).expect("there is room again");
        assert_eq!(budget.held(), 55);
        drop(second);
        assert_eq!(budget.held(), 15);
        first.resize(100).expect("all of it");
        first.resize(1).expect("less is always granted");
        assert_eq!(budget.held(), 1);
        first.shrink(1000);
        assert_eq!((first.bytes(), budget.held()), (0, 0));
    }

    #[test]
    fn too_much_is_refused_with_the_figures_and_the_remedy() {
        let (token, budget) = (StopToken::default(), Budget::new(100));
        let context = Context::new(&token, 1).with_budget(&budget);
        let mut memory = context.memory(30).expect("there is room");
        let sentence = "There is no room for 71 bytes more: the native tasks of this pool hold 30 of the 100 that \
                        'nativeMemory' allows; raise it, or run fewer of them at a time.";
        let refusal = Failure::new("ERR_OUT_OF_MEMORY", sentence);
        assert_eq!(memory.grow(71), Err(refusal.clone()));
        assert_eq!(context.memory(71).err(), Some(refusal));
        assert_eq!((memory.bytes(), budget.held()), (30, 30));
        assert!(context.memory(usize::MAX).is_err(), "a sum that has no number");
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let token = StopToken::default();
        assert!(Context::new(&token, 1).memory(1 << 40).is_ok());
    }
}
