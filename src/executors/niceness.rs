//! How far the threads of a pool stand back behind the one that owns it.

/// What a pool's threads are given as their niceness, which on Linux is a thread's own. The default leaves it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Niceness {
    niceness: Option<i32>,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Niceness {
    /// So much above that of the calling thread. Absolute, so that who starts a thread makes no difference to it.
    pub fn above_this_thread(increment: u32) -> Self {
        if increment == 0 {
            return Self::default();
        }
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        Self { niceness: Some(own.saturating_add_unsigned(increment)) }
    }

    /// Gives it to the calling thread. The system caps what is above its maximum.
    pub fn take_on(self) {
        if let Some(niceness) = self.niceness {
            // A system that forbids even this (a sandbox) leaves the thread as it is, and it works all the same.
            let _ = rustix::process::setpriority_process(None, niceness);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Niceness {
    /// Elsewhere niceness belongs to processes, and is left alone.
    pub fn above_this_thread(_increment: u32) -> Self {
        Self::default()
    }

    /// Does nothing.
    pub fn take_on(self) {
        debug_assert_eq!(self.niceness, None);
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::Niceness;

    fn own() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[test]
    fn a_thread_stands_back_and_the_one_that_started_it_does_not() {
        let before = own();
        let three = Niceness::above_this_thread(3);
        let within = std::thread::spawn(move || {
            three.take_on();
            three.take_on();
            own()
        });
        assert_eq!(within.join().unwrap(), (before + 3).min(19));
        assert_eq!(own(), before);
    }

    #[test]
    fn more_than_the_system_has_is_its_most() {
        let most = Niceness::above_this_thread(u32::MAX);
        let within = std::thread::spawn(move || {
            most.take_on();
            own()
        });
        assert_eq!(within.join().unwrap(), 19);
    }

    #[test]
    fn nothing_is_left_alone() {
        assert_eq!(Niceness::above_this_thread(0), Niceness::default());
    }
}
