//! Notes on their way to their owner.

use super::*;

fn mailbox() -> (Mailbox<u32>, Arc<Bell>) {
    let bell = Arc::new(Bell::default());
    (Mailbox::new(Box::new(OwnersBell(bell.clone()))), bell)
}

#[test]
fn notes_are_taken_in_the_order_in_which_they_came_however_they_are_batched() {
    let (mailbox, _) = mailbox();
    let mut taken = Vec::new();
    // Between any two looks comes another number of notes, and what was fetched is not always taken at once.
    let mut next = 0;
    for round in 0..200 {
        (0..round % 7).for_each(|_| {
            mailbox.push(next);
            next += 1;
        });
        taken.extend((0..round % 5).filter_map(|_| mailbox.take()));
    }
    taken.extend(std::iter::from_fn(|| mailbox.take()));
    assert_eq!(taken, (0..next).collect::<Vec<_>>());
}

#[test]
fn the_owner_is_woken_once_for_many_notes_and_again_after_it_has_rested() {
    let (mailbox, bell) = mailbox();
    for note in 0..3 {
        mailbox.push(note);
        mailbox.notify();
    }
    assert_eq!(bell.rings(), 1);
    assert_eq!(std::iter::from_fn(|| mailbox.take()).count(), 3);
    assert!(mailbox.rest());
    mailbox.push(3);
    mailbox.notify();
    assert_eq!(bell.rings(), 1);
}

#[test]
fn an_owner_that_was_not_woken_for_a_note_may_not_rest() {
    let (mailbox, bell) = mailbox();
    mailbox.watch();
    assert_eq!(mailbox.take(), None);
    mailbox.push(0);
    mailbox.notify();
    assert_eq!(bell.rings(), 0, "it looks by itself");
    assert!(!mailbox.rest());
    assert_eq!(mailbox.take(), Some(0));
    assert!(mailbox.rest());
}

#[test]
fn many_notes_at_once_do_not_keep_their_memory() {
    let (mailbox, _) = mailbox();
    for _ in 0..3 {
        (0..100_000).for_each(|note| mailbox.push(note));
        assert_eq!(std::iter::from_fn(|| mailbox.take()).count(), 100_000);
    }
    assert!(mailbox.kept() <= 8192, "{}", mailbox.kept());
}
