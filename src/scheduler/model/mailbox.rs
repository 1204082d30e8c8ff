//! Notes on their way to a consumer that sleeps.

use super::*;

/// The consumer takes until there is nothing left, and sleeps whenever it may.
fn take_all(mailbox: &Mailbox<u32>, bed: &Bed, expected: usize) -> Vec<u32> {
    let mut taken = Vec::new();
    loop {
        while let Some(note) = mailbox.take() {
            taken.push(note);
        }
        if taken.len() == expected {
            return taken;
        }
        if mailbox.rest() {
            bed.sleep();
        }
    }
}

#[test]
fn last_look_one_producer() {
    explore_preemptions(6, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Bell(bed.clone()))));
        let producer = {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in 0..3 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        };
        assert_eq!(take_all(&mailbox, &bed, 3), [0, 1, 2]);
        join(producer);
    });
}

#[test]
fn last_look_two_producers() {
    explore_preemptions(3, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Bell(bed.clone()))));
        let producers = [0, 10].map(|first| {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in first..first + 2 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        });
        let taken = take_all(&mailbox, &bed, 4);
        let of = |tens| taken.iter().copied().filter(move |note| note / 10 == tens);
        assert!(of(0).eq([0, 1]) && of(1).eq([10, 11]), "each producer's notes in order: {taken:?}");
        producers.into_iter().for_each(join);
    });
}

/// A consumer that has looked by itself for a while before it goes to sleep.
#[test]
fn last_look_after_watching() {
    explore_preemptions(5, || {
        let bed = Bed::new();
        let mailbox = Arc::new(Mailbox::new(Box::new(Bell(bed.clone()))));
        let producer = {
            let mailbox = mailbox.clone();
            spawn(move || {
                for note in 0..3 {
                    mailbox.push(note);
                    mailbox.notify();
                }
            })
        };
        mailbox.watch();
        let mut taken: Vec<u32> = mailbox.take().into_iter().collect();
        mailbox.watch();
        taken.extend(take_all(&mailbox, &bed, 3 - taken.len()));
        assert_eq!(taken, [0, 1, 2]);
        join(producer);
    });
}

/// The owner of a pool is such a consumer, and the notes come from under the scheduler's lock.
#[test]
fn last_look_at_the_notes_of_a_pool() {
    explore_preemptions(5, || {
        let pool = Pool::with_sleeping_owner(Kind::Native, &sized(0, 1));
        let [(executor, finished)] = pool.working();
        pool.submit(1);
        pool.scheduler.close();
        let thread = spawn(move || executor.live(Some(finished)));
        let mut heard = Heard::default();
        while !heard.ended {
            heard.add(pool.next_note());
        }
        heard.is(vec![(0, End::Outcome(0)), (1, End::Outcome(1))], true);
        join(thread);
    });
}
