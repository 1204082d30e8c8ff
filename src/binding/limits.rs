//! The limits of pools and tasks, from JavaScript's numbers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::thread::available_parallelism;
use std::time::Duration;

use napi_derive::napi;

use super::call::Numbers;
use super::layout::submit;
use crate::scheduler::{Config, Limits, Retry, Sizes, Strategy};

/// How long a worker has to answer whose tasks can be terminated: it may be in native code that cannot.
const STOP_TIMEOUT: Duration = Duration::from_millis(250);

/// How long a worker has to come that is expected: it may be in code that was left behind and runs for ever.
const SUSPECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an executor that was called for a task is waited for before another is called. Longer than the system takes
/// to wake one when it is busy with others.
const CALL_TIMEOUT: Duration = Duration::from_millis(5);

/// Who runs a JavaScript task, by the names that users give. Another name is an error.
#[napi(string_enum = "kebab-case")]
pub enum NativeStrategy {
    /// Whoever asks first.
    Shared,
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest tasks.
    LeastLoaded,
}

/// What becomes of tasks beyond the longest queue, by the names that users give. Another name is an error.
#[napi(string_enum = "kebab-case")]
pub enum NativeWhenFull {
    /// They are refused.
    Reject,
    /// They are held.
    Wait,
}

/// Limits and names of a pool, checked by `lib/options/pool.js`. Times are milliseconds; Infinity stands for no limit.
#[napi(object)]
pub struct NativePoolOptions {
    /// Workers that are kept although idle.
    pub min_workers: u32,
    /// Most workers at a time.
    pub max_workers: u32,
    /// Most native threads at a time.
    pub native_threads: u32,
    /// Waiting that is worth one step of priority; 0 for none.
    pub aging: f64,
    /// How long a worker above the minimum, or a native thread, may idle.
    pub idle_timeout: f64,
    /// How long a worker may take to come up.
    pub start_timeout: f64,
    /// Tasks that a worker may hold at a time.
    pub concurrent_tasks_per_worker: u32,
    /// Who runs a JavaScript task.
    pub strategy: NativeStrategy,
    /// Tasks after which a worker is replaced.
    pub max_tasks_per_worker: f64,
    /// Waiting tasks that nobody is there to take.
    pub max_queue: f64,
    /// What becomes of a task beyond those.
    pub when_full: NativeWhenFull,
    /// Keep a worker that one of its tasks was stopped in.
    pub keep_worker_after_stop: bool,
    /// Workers beyond those on duty, to step in for one that is lost.
    pub spare_workers: u32,
    /// Longest run of a task that says nothing of its own.
    pub timeout: f64,
    /// Longest stay in the queue of such a task.
    pub queue_timeout: f64,
    /// Whether and when such a task is tried again.
    pub retries: Option<NativeRetries>,
    /// Bytes that native tasks may hold at a time.
    pub native_memory: f64,
    /// How much nicer the pool's threads are than its owner's.
    pub nice_increment: u32,
    /// Part of the native threads' names.
    pub name: String,
}

/// Whether and when a task is tried again. Times are milliseconds.
#[napi(object)]
pub struct NativeRetries {
    /// Runs after the first.
    pub max: u32,
    /// Before each of them; the last repeats. Not empty.
    pub delays: Vec<f64>,
    /// What each delay after the first is multiplied by.
    pub factor: f64,
    /// No delay is longer.
    pub max_delay: f64,
    /// Wait a random part of each delay.
    pub jitter: bool,
    /// Ask each time.
    pub ask: bool,
}

/// The scheduler's view of a pool's options.
pub(super) fn of_pool(options: &NativePoolOptions) -> Config {
    let retry = options.retries.as_ref().map(|retries| Retry {
        most: retries.max,
        delays: retries.delays.clone(),
        factor: retries.factor,
        longest: retries.max_delay,
        jitter: retries.jitter,
        ask: retries.ask,
    });
    Config {
        sizes: sizes(options.min_workers, options.max_workers, options.native_threads),
        // What is shorter than the clock's tick is still not none.
        aging: duration(options.aging)
            .filter(|_| options.aging > 0.0)
            .map(|aging| aging.max(Duration::from_nanos(1))),
        idle_timeout: duration(options.idle_timeout),
        start_timeout: duration(options.start_timeout),
        places: options.concurrent_tasks_per_worker as usize,
        strategy: match options.strategy {
            NativeStrategy::Shared => Strategy::Shared,
            NativeStrategy::RoundRobin => Strategy::RoundRobin,
            NativeStrategy::LeastLoaded => Strategy::LeastLoaded,
        },
        tasks_per_worker: finite(options.max_tasks_per_worker).map(|most| most as u64),
        longest_queue: finite(options.max_queue).map(|longest| longest as usize),
        refuse_when_full: matches!(options.when_full, NativeWhenFull::Reject),
        keep_after_stop: options.keep_worker_after_stop,
        spare_workers: options.spare_workers as usize,
        stop_timeout: STOP_TIMEOUT,
        suspect_timeout: Some(SUSPECT_TIMEOUT),
        call_timeout: Some(CALL_TIMEOUT),
        processors: processors(),
        limits: Limits {
            timeout: duration(options.timeout),
            queue_timeout: duration(options.queue_timeout),
            retry,
            affinity: None,
        },
    }
}

/// Threads of this process that can run at a time: its processors, or fewer if its control group or its affinity grants
/// it less.
fn processors() -> usize {
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| available_parallelism().map_or(1, NonZeroUsize::get));
    *PROCESSORS
}

/// The limit of a budget; `u64::MAX` for none.
pub(super) fn memory(bytes: f64) -> u64 {
    finite(bytes).map_or(u64::MAX, |bytes| bytes as u64)
}

/// How many executors there are to be.
pub(super) fn sizes(minimum: u32, maximum: u32, native_threads: u32) -> Sizes {
    Sizes {
        minimum_workers: minimum as usize,
        maximum_workers: maximum as usize,
        maximum_native_threads: native_threads as usize,
    }
}

/// The scheduler's view of a task's own limits.
pub(super) fn of_task(
    flags: u32,
    numbers: &Numbers,
    delays: Option<Vec<f64>>,
    affinity: Option<&str>,
) -> Limits {
    let retry = delays.filter(|_| numbers.retries > 0).map(|delays| Retry {
        most: numbers.retries,
        delays,
        factor: numbers.factor,
        longest: numbers.longest_delay,
        jitter: flags & submit::JITTER != 0,
        ask: flags & submit::ASK != 0,
    });
    Limits {
        timeout: duration(numbers.timeout),
        queue_timeout: duration(numbers.queue_timeout),
        retry,
        // Keys that fall together share a worker, which is no more than some do anyway.
        affinity: affinity.map(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish()
        }),
    }
}

/// A time that is too long for a Duration never passes: `None`.
fn duration(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}

fn finite(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}
