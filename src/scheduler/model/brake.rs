//! The brake of one worker: a stop strikes the run that it is meant for, or nobody.

use super::*;

/// An engine whose terminations, like an isolate's, end whatever it runs now or next.
#[derive(Clone)]
struct Machine(Arc<Terminating>);

struct Terminating {
    pending: Mutex<bool>,
    changed: Condvar,
}

impl Engine for Machine {
    fn terminate(&self) {
        *lock(&self.0.pending) = true;
        self.0.changed.notify_one();
    }
}

impl Machine {
    /// Runs on to where the engine looks whether it is to terminate. Answers whether it was.
    fn looks(&self) -> bool {
        *lock(&self.0.pending)
    }

    /// Runs something that does not end by itself.
    fn runs_for_ever(&self) -> bool {
        let mut pending = lock(&self.0.pending);
        while !*pending {
            pending = self.0.changed.wait(pending).expect("nobody panics with the lock");
        }
        true
    }
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    NotBegun,
    Terminated,
    Returned,
}

/// An executor with its brake.
#[derive(Clone)]
struct Car {
    brake: Arc<Brake<Machine>>,
    machine: Machine,
}

impl Car {
    fn new() -> Self {
        let terminating = Terminating { pending: Mutex::new(false), changed: Condvar::new() };
        let machine = Machine(Arc::new(terminating));
        Self { brake: Arc::new(Brake::new(Some(machine.clone()))), machine }
    }

    /// Runs the executor's own code, which nobody may terminate.
    fn runs_its_own(&self) {
        assert!(!self.machine.looks(), "a termination strikes what it was not meant for");
    }

    /// Calls code of a run; it answers whether it was terminated.
    fn call(&self, run: u64, code: impl FnOnce(&Self) -> bool) -> Call {
        self.runs_its_own();
        if !self.brake.enter(run) {
            self.runs_its_own();
            return Call::NotBegun;
        }
        let terminated = code(self);
        if self.brake.leave() {
            *lock(&self.machine.0.pending) = false; // taken back, by the engine's own thread
        }
        self.runs_its_own();
        if terminated { Call::Terminated } else { Call::Returned }
    }

    /// Holds a run for as long as it calls its code.
    fn run(&self, run: u64, code: impl FnOnce(&Self) -> bool) -> Call {
        self.brake.hold(run);
        let call = self.call(run, code);
        self.brake.release(run);
        call
    }

    /// Tells a run to stop, from another thread.
    fn stop(&self, run: u64, forces: &'static [bool]) -> JoinHandle<()> {
        let brake = self.brake.clone();
        spawn(move || forces.iter().for_each(|force| _ = brake.stop(run, *force)))
    }
}

fn looks(car: &Car) -> bool {
    car.machine.looks()
}

fn runs_for_ever(car: &Car) -> bool {
    car.machine.runs_for_ever()
}

#[test]
fn late_stop() {
    explore(|| {
        let car = Car::new();
        let stopper = car.stop(1, &[false, true]);
        car.run(1, looks);
        assert_eq!(car.run(2, looks), Call::Returned);
        join(stopper);
        car.runs_its_own();
    });
}

/// The executor holds both runs, and calls code of either in turn.
#[test]
fn late_stop_between_two_runs() {
    explore(|| {
        let car = Car::new();
        car.brake.hold(1);
        car.brake.hold(2);
        let stopper = car.stop(1, &[false, true]);
        let first = car.call(1, looks);
        assert_eq!(car.call(2, looks), Call::Returned);
        let again = car.call(1, looks);
        assert!(first == Call::Returned || again == Call::NotBegun, "{first:?}, then {again:?}");
        join(stopper);
        assert_eq!(car.call(1, looks), Call::NotBegun);
        assert_eq!(car.call(2, looks), Call::Returned);
    });
}

/// Whenever the stop comes, it is not lost: the run would never end.
#[test]
fn stop_before_start() {
    explore(|| {
        let car = Car::new();
        let stopper = car.stop(1, &[false]);
        assert_ne!(car.run(1, runs_for_ever), Call::Returned);
        assert_eq!(car.run(2, looks), Call::Returned);
        join(stopper);
    });
}

/// The same with a run before it, which is none of the stop's business.
#[test]
fn stop_before_start_of_the_second() {
    explore(|| {
        let car = Car::new();
        car.brake.hold(1);
        let stopper = car.stop(2, &[false]);
        assert_eq!(car.call(1, looks), Call::Returned);
        car.brake.release(1);
        assert_ne!(car.run(2, runs_for_ever), Call::Returned);
        join(stopper);
    });
}

/// A run that has asked whether it is to stop, and was told to go on, is spared the stop that follows.
#[test]
fn asking_and_stop() {
    explore(|| {
        let car = Car::new();
        let stopper = car.stop(1, &[false]);
        car.run(1, |car| {
            let told = car.brake.is_stopped(1);
            let terminated = looks(car);
            assert_eq!(terminated, told, "it had begun, so it was terminated or is spared");
            assert!(car.brake.is_stopped(1) || !told, "it stays told");
            terminated
        });
        join(stopper);
        car.runs_its_own();
    });
}

/// One that does not act upon the answer is terminated by the stop that comes with force.
#[test]
fn asking_and_stop_by_force() {
    explore(|| {
        let car = Car::new();
        car.brake.hold(1);
        assert!(!car.brake.is_stopped(1));
        let stopper = car.stop(1, &[false, true]);
        assert_ne!(car.call(1, runs_for_ever), Call::Returned);
        car.brake.release(1);
        assert_eq!(car.run(2, looks), Call::Returned);
        join(stopper);
    });
}

/// A stop that comes with the end of its run is heard of once at most, and not after the end.
#[test]
fn release_and_stop() {
    explore(|| {
        let car = Car::new();
        car.brake.hold(1);
        car.brake.hold(2);
        let stopper = car.stop(1, &[false, true]);
        assert_eq!(car.call(2, looks), Call::Returned);
        let heard = car.brake.take_stopped();
        assert!(heard.is_none_or(|run| run == 1));
        let again = car.brake.take_stopped();
        assert!(again.is_none_or(|run| run == 1 && heard.is_none()));
        car.brake.release(1);
        assert_eq!(car.brake.take_stopped(), None);
        assert!(car.brake.is_stopped(1) && !car.brake.is_stopped(2));
        assert_eq!(car.call(2, looks), Call::Returned);
        join(stopper);
        assert_eq!(car.brake.take_stopped(), None);
        assert_eq!(car.run(3, looks), Call::Returned);
    });
}

/// A worker with its brake, as the scheduler reaches it.
struct Driven {
    car: Car,
    bed: Arc<Bed>,
}

impl Wake for Driven {
    fn wake(&self) {
        self.bed.wake();
    }
}

impl Endpoint for Driven {
    fn stop(&self, run: u64, force: bool) -> bool {
        let may_answer = self.car.brake.stop(run, force);
        self.bed.wake();
        may_answer
    }
}

/// The scheduler says "stop" without its lock, so the run that it means may be over, and another there. The first
/// task never ends by itself, the second is nobody's to stop.
#[test]
fn late_stop_from_the_scheduler() {
    explore_preemptions(5, || {
        let config = Config { keep_after_stop: true, stop_timeout: Duration::from_secs(1), ..sized(1, 0) };
        let pool = Pool::new(Kind::JavaScript, &config);
        let id = pool.submit(0).expect("it is the first");
        pool.submit(1);
        let (car, bed) = (Car::new(), Bed::new());
        let driven: std::sync::Arc<dyn Endpoint> =
            std::sync::Arc::new(Driven { car: car.clone(), bed: bed.clone() });
        pool.scheduler.attach(Kind::JavaScript, id, Arc::from_std(driven));
        let scheduler = pool.scheduler.clone();
        let worker = spawn(move || {
            let mut finished = None;
            loop {
                match scheduler.next(Kind::JavaScript, id, finished.take()) {
                    Next::Run(assignment) => {
                        let endless = assignment.slot == 0;
                        let call = car.run(assignment.run, if endless { runs_for_ever } else { looks });
                        assert_eq!(call == Call::Returned, !endless);
                        let ending = if endless { Ending::Stopped } else { Ending::Fulfilled };
                        finished = Some(Finished { ending, ..done(&assignment) });
                    }
                    Next::Help(help) => panic!("nobody has offered {help:?}"),
                    Next::Idle => bed.sleep(),
                    Next::Stop => break,
                }
            }
            scheduler.gone(Kind::JavaScript, id, true);
        });
        assert_eq!(pool.scheduler.cancel(0), Cancelled::Out);
        pool.pass(STOP_GRACE);
        pool.scheduler.tick(); // by force, if it has not ended yet
        pool.scheduler.close();
        join(worker);
        pool.heard(vec![1], true);
    });
}
