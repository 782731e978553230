//! What accounts are called, of those who want to be found: read from the posts of a lake.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
};

use tootmill_input::lines_of;
use tootmill_lake::{IDS, Lake, input};
use tootmill_metric::{Instant, Post};

use crate::error::Error;

/// The `acct` of those of the accounts whose latest post in the lake says that they are discoverable.
///
/// Days are read from the newest backwards until every account was seen.
pub(crate) fn names(lake: &Lake, mut ids: BTreeSet<String>) -> Result<BTreeMap<String, String>, Error> {
    let mut names = BTreeMap::new();
    let mut days = lake.posts()?;
    days.sort_by_key(|(day, _)| *day);
    for (_, posts) in days.into_iter().rev() {
        if ids.is_empty() {
            break;
        }
        // By the instant of the post, because within a day the posts are in the order of their ids.
        let mut latest = BTreeMap::new();
        for file in posts.files()?.iter().filter(|file| !file.name().starts_with(IDS)) {
            let address = lake.storage().address(&file.path);
            for line in
                lines_of([input(lake.storage(), file)].into_iter().collect::<tootmill_input::Inputs>()).split(b'\n')
            {
                let line = line.map_err(|error| tootmill_lake::Error::Content {
                    path: address.clone(),
                    reason: error.to_string(),
                })?;
                look_at(&String::from_utf8_lossy(&line), &ids, &mut latest);
            }
        }
        for (id, (_, acct)) in latest {
            ids.remove(&id);
            names.extend(acct.map(|acct| (id, acct)));
        }
    }
    Ok(names)
}

/// Keeps of an account that is looked for what its latest post so far says.
fn look_at(line: &str, ids: &BTreeSet<String>, latest: &mut BTreeMap<String, (Instant, Option<String>)>) {
    let Ok(post) = Post::parse(line) else { return };
    let Some(account) = post.account.as_ref().filter(|account| ids.contains(account.id())) else { return };
    let created = post.created_at;
    if latest.get(account.id()).is_some_and(|(other, _)| *other > created) {
        return;
    }
    let is_discoverable = post.get::<bool>(&["account", "discoverable"]) == Some(true);
    let acct = post.get::<String>(&["account", "acct"]).filter(|acct| is_discoverable && !acct.is_empty());
    latest.insert(account.id().to_owned(), (created, acct));
}
