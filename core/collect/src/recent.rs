//! The ids of the posts that came last, in bounded memory.

use std::collections::{BTreeSet, VecDeque};

use tootmill_metric::Id;

/// How many there are at most: some hours of the largest instance, weeks of a small one, and a few megabytes.
const MOST: usize = 100_000;

/// The ids of the posts that came last.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    ids: BTreeSet<Id>,
    /// In the order in which they came; one that was taken out may still be here.
    order: VecDeque<Id>,
}

impl Recent {
    /// Takes one out; gives whether it was there.
    pub fn remove(&mut self, id: &Id) -> bool {
        self.ids.remove(id)
    }
}

impl Extend<Id> for Recent {
    fn extend<I: IntoIterator<Item = Id>>(&mut self, ids: I) {
        for id in ids {
            if self.ids.insert(id.clone()) {
                self.order.push_back(id);
            }
            if self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.ids.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_known_and_no_more() {
        let mut recent = Recent::default();
        let id = |number: usize| Id::new(&number.to_string());
        recent.extend((0..=MOST).chain([1]).map(id));
        assert!(!recent.remove(&id(0)) && recent.remove(&id(MOST)) && !recent.remove(&id(MOST)));
        assert!(recent.remove(&id(1)));
        assert!(recent.ids.len() <= MOST && recent.order.len() <= MOST);
    }
}
