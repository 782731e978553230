//! The metrics that are linked into this program, found by `inventory`.

use crate::{
    emit::{Emit, States},
    members::{MemberSource, Members},
    merge::{Merge, StateReader, StateWriter},
    metric::{About, Metric},
    post::Post,
    row::Row,
    table::Table,
};

/// Registers a metric, which must be a constant expression such as a unit struct.
#[macro_export]
macro_rules! register {
    ($metric:expr) => {
        $crate::inventory::submit! { $crate::Registration::new(|| ::std::boxed::Box::new($metric)) }
    };
}

/// One metric's entry in the registry: see [`register!`](crate::register!).
pub struct Registration(fn() -> Box<dyn AnyMetric>);

impl Registration {
    /// An entry that makes the metric.
    pub const fn new(make: fn() -> Box<dyn AnyMetric>) -> Self {
        Self(make)
    }
}

inventory::collect!(Registration);

/// A metric without its state's type: what the engine works with. Every [`Metric`] is one.
pub trait AnyMetric: Send + Sync {
    /// The declaration of its table.
    fn table(&self) -> Table;

    /// What it says of itself.
    fn about(&self) -> About;

    /// An empty table of its states.
    fn states(&self) -> Box<dyn AnyStates + '_>;

    /// A state to merge others into, at first the identity.
    fn total(&self) -> Box<dyn AnyState>;

    /// The row of one key; the text of a state that does not read back is the error.
    fn reduce(&self, key: &str, members: &mut dyn MemberSource) -> Result<Option<Row>, String>;

    /// A state without the ids of posts that are to be forgotten; `None` where it has none of them, or is no state of its.
    fn without_posts(&self, state: &str, is_forgotten: &dyn Fn(&str) -> bool) -> Option<String>;
}

/// The states of one metric, by key and member.
pub trait AnyStates: Send {
    /// Lets the metric map a post into them.
    fn map(&mut self, post: &Post<'_>);

    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes of memory they may need at the next post.
    fn bytes(&self) -> usize;

    /// How many keys were empty or too long, and so left out.
    fn unusable_keys(&self) -> u64;

    /// Puts them in the order of their records. After that they can only be taken.
    fn sort(&mut self);

    /// Takes the next one: appends `key TAB member TAB state`, as a record has them, to the text. `false` after the last.
    fn take_next(&mut self, text: &mut String) -> bool;

    /// The first state whose text does not read back to it, if any.
    fn not_read_back(&self) -> Option<String>;
}

/// A state that others are merged into, as text.
pub trait AnyState {
    /// Merges a state into it; `false`, and nothing merged, where the text does not read back.
    #[must_use]
    fn merge(&mut self, state: &str) -> bool;

    /// Appends the state's text, and starts again from the identity.
    fn take(&mut self, text: &mut String);
}

struct MetricStates<'m, M: Metric> {
    metric: &'m M,
    states: States<M::State>,
}

impl<M: Metric> AnyMetric for M {
    fn table(&self) -> Table {
        self.hbase_table()
    }

    fn about(&self) -> About {
        Metric::about(self)
    }

    fn states(&self) -> Box<dyn AnyStates + '_> {
        Box::new(MetricStates { metric: self, states: States::default() })
    }

    fn total(&self) -> Box<dyn AnyState> {
        Box::new(Total::<M::State>::default())
    }

    fn reduce(&self, key: &str, members: &mut dyn MemberSource) -> Result<Option<Row>, String> {
        let mut members = Members::new(members);
        let row = Metric::reduce(self, key, &mut members);
        members.bad_state().map_or(Ok(row), Err)
    }

    fn without_posts(&self, state: &str, is_forgotten: &dyn Fn(&str) -> bool) -> Option<String> {
        let mut state: M::State = StateReader::read(state)?;
        state.forget_posts(is_forgotten).then(|| {
            let mut text = String::new();
            state.write(&mut StateWriter::new(&mut text));
            text
        })
    }
}

impl<M: Metric> AnyStates for MetricStates<'_, M> {
    fn map(&mut self, post: &Post<'_>) {
        self.metric.map(post, &mut Emit(&mut self.states));
    }

    fn len(&self) -> usize {
        self.states.len()
    }

    fn bytes(&self) -> usize {
        self.states.bytes()
    }

    fn unusable_keys(&self) -> u64 {
        self.states.unusable_keys()
    }

    fn sort(&mut self) {
        self.states.sort();
    }

    fn take_next(&mut self, text: &mut String) -> bool {
        self.states.take_next(text)
    }

    fn not_read_back(&self) -> Option<String> {
        self.states.states().find_map(|state| {
            let mut text = String::new();
            state.write(&mut StateWriter::new(&mut text));
            (StateReader::read(&text).as_ref() != Some(state)).then(|| format!("{state:?} is written as {text:?}"))
        })
    }
}

/// A state of type `S` that others are merged into, as text.
#[derive(Debug, Default)]
pub struct Total<S>(S);

impl<S: Merge> AnyState for Total<S> {
    fn merge(&mut self, state: &str) -> bool {
        let Some(state) = StateReader::read(state) else { return false };
        self.0.merge(state);
        true
    }

    fn take(&mut self, text: &mut String) {
        std::mem::take(&mut self.0).write(&mut StateWriter::new(text));
    }
}

/// One metric of the registry.
pub struct Registered {
    /// What `map` and `reduce` are called on.
    pub metric: Box<dyn AnyMetric>,
    /// The declaration of its table.
    pub table: Table,
}

impl Registered {
    /// The metric's name.
    pub fn name(&self) -> &'static str {
        self.table.metric_name()
    }
}

/// Metrics, in the order of their names.
pub struct Registry(Vec<Registered>);

/// What is wrong with a set of metrics, or with a name that it does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two metrics have the same name, and so the same table.
    #[error("two metrics are named `{0}`: rename the table of one of them")]
    SameName(String),
    /// A metric's declaration cannot serve.
    #[error("the metric `{name}` cannot be used: {fault}")]
    Fault {
        /// Its name.
        name: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// No metric has this name.
    #[error("there is no metric `{name}`; the linked ones are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
}

impl Registry {
    /// All metrics that are linked into this program.
    pub fn linked() -> Result<Self, RegistryError> {
        Self::new(inventory::iter::<Registration>().map(|registration| (registration.0)()))
    }

    /// These metrics.
    pub fn new(metrics: impl IntoIterator<Item = Box<dyn AnyMetric>>) -> Result<Self, RegistryError> {
        let mut all: Vec<Registered> =
            metrics.into_iter().map(|metric| Registered { table: metric.table(), metric }).collect();
        all.sort_by_key(Registered::name);
        for pair in all.windows(2) {
            if let [left, right] = pair
                && left.name() == right.name()
            {
                return Err(RegistryError::SameName(left.name().into()));
            }
        }
        if let Some((name, fault)) = all.iter().find_map(|one| Some((one.name(), one.table.fault()?))) {
            return Err(RegistryError::Fault { name: name.into(), fault });
        }
        Ok(Self(all))
    }

    /// The metrics.
    pub fn metrics(&self) -> &[Registered] {
        &self.0
    }

    /// The metric of this name.
    pub fn get(&self, name: &str) -> Result<&Registered, RegistryError> {
        self.0.iter().find(|one| one.name() == name).ok_or_else(|| {
            let known: Vec<&str> = self.0.iter().map(Registered::name).collect();
            RegistryError::Unknown { name: name.into(), known: known.join(", ") }
        })
    }
}

/// The rows that a metric gives for some posts, by their keys: for a metric's own tests.
#[allow(clippy::missing_panics_doc, clippy::panic, reason = "a test wants to see the state that doesn't read back")]
pub fn rows_of<'a>(metric: &impl Metric, posts: impl IntoIterator<Item = Post<'a>>) -> Vec<(String, Row)> {
    /// The members of the key that stands first in the records that are left.
    struct OfOneKey<'r> {
        records: &'r [(String, String, String)],
    }

    impl MemberSource for OfOneKey<'_> {
        fn next_member(&mut self) -> Option<(&str, &str)> {
            let (first, rest) = self.records.split_first()?;
            self.records = rest;
            Some((&first.1, &first.2))
        }
    }

    let mut states = metric.states();
    posts.into_iter().for_each(|post| states.map(&post));
    states.sort();
    let mut records = Vec::new();
    let mut text = String::new();
    while states.take_next(&mut text) {
        let mut fields = text.splitn(3, '\t').map(String::from);
        records.push([(); 3].map(|()| fields.next().unwrap_or_default()).into());
        text.clear();
    }
    let mut rows = Vec::new();
    for records in records.chunk_by(|left: &(String, String, String), right| left.0 == right.0) {
        let key = crate::field::unescape(&records[0].0).unwrap_or_default().into_owned();
        match AnyMetric::reduce(metric, &key, &mut OfOneKey { records }) {
            Ok(row) => rows.extend(row.map(|row| (key, row))),
            Err(state) => panic!("the state `{state}` of the key `{key}` does not read back"),
        }
    }
    rows
}
