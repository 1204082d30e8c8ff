//! Where tasks were sent that may not go to whoever asks first.

use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Homes {
    /// The worker of each key.
    pub by_key: HashMap<u64, u32>,
    /// The worker that was last in turn.
    pub last: u32,
}
