//! For tests: refusals of the system and the engine, which come seldom, where a test wants them.

#[cfg(feature = "testing")]
static ORDERED: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// Whether a test wants what is done at `place` to be refused. Once.
#[cfg(feature = "testing")]
pub(crate) fn is_refused(place: &str) -> bool {
    let mut ordered = ORDERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ordered.iter().position(|each| each == place).map(|at| ordered.swap_remove(at)).is_some()
}

/// Nobody wants that.
#[cfg(not(feature = "testing"))]
#[inline(always)]
pub(crate) fn is_refused(_place: &str) -> bool {
    false
}

/// Has what is done next at `place` be refused.
#[cfg(feature = "testing")]
pub(crate) fn refuse(place: String) {
    ORDERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(place);
}
