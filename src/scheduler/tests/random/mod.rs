//! A pool beside a plain model of its rules, with every executor driven by hand and time by the steps.

mod checks;
mod going;
mod helpers;
mod life;
mod members;
mod moments;
mod tasks;
mod working;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::{Just, ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy as Generator;

use super::*;
use life::Life;

/// Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Order {
    kind: Kind,
    priority: i8,
    needs_delivery: bool,
    timeout: Option<u64>,
    queue_timeout: Option<u64>,
    tries: Option<Tries>,
    key: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    most: u32,
    delay: u64,
    ask: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    minimum: usize,
    maximum: usize,
    places: usize,
    tasks_per_worker: Option<u64>,
    keep_after_stop: bool,
    spares: usize,
    idle_timeout: Option<u64>,
    start_timeout: Option<u64>,
    longest_queue: Option<usize>,
    strategy: Strategy,
}

/// Executors and tasks are picked by number, modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(Order),
    HireMinimum,
    /// Asks for work, and hands in how a run ended.
    Next(usize, Option<Ending>),
    /// Hands in how a run ended; the flag says whether it returns.
    Finish(usize, Ending, bool),
    FinishLate(usize),
    Gone(usize, bool),
    Delivered(usize),
    Withdraw(usize),
    Cancel(usize),
    Decide(usize, bool),
    /// To so many helpers at a time.
    Offer(usize, usize),
    Retract(usize),
    HelperRetracts(usize),
    Wear(usize),
    Lose(usize),
    /// What runs on it will not answer when it is told to stop.
    Deafen(usize),
    CancelQueued,
    Resize(usize, usize),
    Pass(u64),
    Tick,
    Close,
    Terminate,
}

fn orders(keys: bool) -> impl Generator<Value = Order> {
    let kind = prop_oneof![4 => Just(Kind::JavaScript), 1 => Just(Kind::Native)];
    let limit = || prop::option::weighted(0.3, 1u64..60);
    let tries = (0u32..3, 0u64..15, any::<bool>()).prop_map(|(most, delay, ask)| Tries { most, delay, ask });
    let key = prop::option::of(0u64..3).prop_map(move |key| key.filter(|_| keys));
    let delivery = prop::bool::weighted(0.3);
    (kind, -1i8..2, delivery, limit(), limit(), prop::option::weighted(0.4, tries), key).prop_map(
        |(kind, priority, needs_delivery, timeout, queue_timeout, tries, key)| Order {
            kind,
            priority,
            needs_delivery,
            timeout,
            queue_timeout,
            tries,
            key,
        },
    )
}

fn endings() -> impl Generator<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Fulfilled),
        4 => Just(Ending::Rejected),
        1 => Just(Ending::Refused),
        3 => Just(Ending::Stopped),
    ]
}

fn steps(keys: bool) -> impl Generator<Value = Vec<Step>> {
    let number = any::<usize>;
    let step = prop_oneof![
        24 => orders(keys).prop_map(Step::Submit),
        1 => Just(Step::HireMinimum),
        40 => (number(), prop::option::weighted(0.7, endings())).prop_map(|(i, end)| Step::Next(i, end)),
        6 => (number(), endings(), any::<bool>()).prop_map(|(i, end, returns)| Step::Finish(i, end, returns)),
        4 => number().prop_map(Step::FinishLate),
        7 => (number(), prop::bool::weighted(0.8)).prop_map(|(i, replace)| Step::Gone(i, replace)),
        10 => number().prop_map(Step::Delivered),
        4 => number().prop_map(Step::Withdraw),
        6 => number().prop_map(Step::Cancel),
        6 => (number(), any::<bool>()).prop_map(|(i, again)| Step::Decide(i, again)),
        8 => (number(), 0usize..4).prop_map(|(i, most)| Step::Offer(i, most)),
        2 => number().prop_map(Step::Retract),
        2 => number().prop_map(Step::HelperRetracts),
        2 => number().prop_map(Step::Wear),
        2 => number().prop_map(Step::Lose),
        4 => number().prop_map(Step::Deafen),
        1 => Just(Step::CancelQueued),
        1 => (0usize..3, 1usize..5).prop_map(|(minimum, more)| Step::Resize(minimum, minimum + more)),
        10 => (1u64..30).prop_map(Step::Pass),
        10 => Just(Step::Tick),
    ];
    let end = prop_oneof![3 => Just(None), 2 => Just(Some(Step::Close)), 1 => Just(Some(Step::Terminate))];
    (prop::collection::vec(step.clone(), 0..100), end, prop::collection::vec(step, 0..40))
        .prop_map(|(before, end, after)| before.into_iter().chain(end).chain(after).collect())
}

fn rules(strategy: Strategy) -> impl Generator<Value = Rules> {
    let sizes = (0usize..3, 0usize..4, 1usize..4, prop_oneof![2 => Just(0), 1 => 1usize..3]);
    let tasks = prop::option::weighted(0.2, 1u64..5);
    let times = (prop::option::weighted(0.3, 1u64..50), prop::option::weighted(0.3, 1u64..50));
    (sizes, tasks, any::<bool>(), times, prop::option::weighted(0.3, 0usize..4)).prop_map(
        move |((minimum, more, places, spares), tasks_per_worker, keep_after_stop, times, longest_queue)| {
            Rules {
                spares,
                minimum,
                maximum: (minimum + more).max(1),
                places,
                tasks_per_worker,
                keep_after_stop,
                idle_timeout: times.0,
                start_timeout: times.1,
                longest_queue,
                strategy,
            }
        },
    )
}

/// Lives through the steps and then to the end.
fn live(rules: Rules, keys: bool, steps: Vec<Step>) {
    let mut life = Life::new(rules, keys);
    steps.into_iter().for_each(|step| life.apply(step));
    life.run_dry();
    life.apply(Step::Close);
    life.run_dry();
    life.has_ended();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_task_leaves_once_and_in_order_whatever_happens(
        rules in rules(Strategy::Shared),
        steps in steps(false),
    ) {
        live(rules, false, steps);
    }

    #[test]
    fn every_task_leaves_once_whoever_it_is_meant_for(
        rules in prop_oneof![
            rules(Strategy::Shared),
            rules(Strategy::RoundRobin),
            rules(Strategy::LeastLoaded),
        ],
        steps in steps(true),
    ) {
        live(rules, true, steps);
    }
}
