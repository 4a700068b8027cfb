//! Which answers are to be held.

/// The answers to come that are held, each by how many answers it is away.
#[derive(Default)]
pub(crate) struct Holds {
    left: Vec<u64>,
}

impl Holds {
    /// Holds the `nth` answer from now on, 1 being the next.
    pub(crate) fn add(&mut self, nth: u64) {
        self.left.push(nth);
    }

    /// Counts an answer, and returns whether it is to be held.
    pub(crate) fn due(&mut self) -> bool {
        let before = self.left.len();
        self.left
            .iter_mut()
            .for_each(|left| *left = left.saturating_sub(1));
        self.left.retain(|left| *left > 0);
        self.left.len() < before
    }

    /// Forgets all that are to come.
    pub(crate) fn clear(&mut self) {
        self.left.clear();
    }
}
