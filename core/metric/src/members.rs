//! The members of one key, as `reduce` sees them.

use crate::merge::{Merge, StateReader};

/// Where the members of one key come from, in the order of their records, each once.
pub trait MemberSource {
    /// The next member and its state, as records have them, without their escapes undone; `None` after the last.
    fn next_member(&mut self) -> Option<(&str, &str)>;
}

/// The members of one key with their merged states, in the order of the records, in constant memory.
pub struct Members<'a, S> {
    source: &'a mut dyn MemberSource,
    state: S,
    bad_state: Option<String>,
}

impl<'a, S: Merge> Members<'a, S> {
    pub(crate) fn new(source: &'a mut dyn MemberSource) -> Self {
        Self { source, state: S::default(), bad_state: None }
    }

    /// The next member and its state. The member is as its record has it: [`unescape`](crate::field::unescape) it to show it.
    pub fn next_member(&mut self) -> Option<(&str, &S)> {
        if self.bad_state.is_some() {
            return None;
        }
        let (member, text) = self.source.next_member()?;
        if let Some(state) = StateReader::read(text) {
            self.state = state;
            Some((member, &self.state))
        } else {
            self.bad_state = Some(text.into());
            None
        }
    }

    /// How many members are left.
    pub fn count(&mut self) -> u64 {
        let mut count = 0;
        while self.next_member().is_some() {
            count += 1;
        }
        count
    }

    /// The merged state of all members that are left: for a key without members, its one state.
    pub fn total(&mut self) -> S {
        let mut total = S::default();
        while let Some((_, state)) = self.next_member() {
            total.merge(state.clone());
        }
        total
    }

    /// The text of the state that did not read back, if any: the driver holds the error, so that no metric ends early in
    /// silence.
    pub(crate) fn bad_state(self) -> Option<String> {
        self.bad_state
    }
}
