//! Reading HDFS's NameNode: how full HDFS is, and whether its blocks are there.

use serde::Serialize;

use crate::{
    Error,
    findings::float,
    jmx::{Ask, Bean, Http},
};

/// What a NameNode says of HDFS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameNode {
    /// The address of its web page.
    pub namenode: String,
    /// The bytes of all DataNodes' disks that HDFS may use.
    pub capacity: u64,
    /// The bytes that HDFS uses, with all copies.
    pub used: u64,
    /// The bytes that HDFS may still use: what others fill on the same disks is gone as well.
    pub remaining: u64,
    /// Files and folders.
    pub files: u64,
    /// Blocks.
    pub blocks: u64,
    /// Blocks of which no copy is there.
    pub missing_blocks: u64,
    /// Blocks that have fewer copies than they should.
    pub under_replicated_blocks: u64,
}

impl NameNode {
    /// Asks the first of the NameNodes that is active. An address is that of a web page, `http://HOST:9870`.
    pub fn read(namenodes: &[String]) -> Result<Self, Error> {
        let http = Http::new()?;
        Self::ask(&|url| http.get(url), namenodes)
    }

    pub(crate) fn ask(ask: Ask<'_>, namenodes: &[String]) -> Result<Self, Error> {
        let mut failure = None;
        for namenode in namenodes {
            match Self::of(ask, namenode.trim_end_matches('/')) {
                Ok(found) => return Ok(found),
                // One that does not answer says more of what is wrong than one that stands by.
                Err(error) if matches!(failure, None | Some(Error::StandsBy { .. })) => failure = Some(error),
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or(Error::NoMaster))
    }

    fn of(ask: Ask<'_>, namenode: &str) -> Result<Self, Error> {
        let bean = Bean::named(ask, namenode, "Hadoop:service=NameNode,name=FSNamesystem")?;
        if bean.text("tag.HAState")? != "active" {
            return Err(Error::StandsBy { url: namenode.to_owned() });
        }
        Ok(Self {
            namenode: namenode.to_owned(),
            capacity: bean.number("CapacityTotal")?,
            used: bean.number("CapacityUsed")?,
            remaining: bean.number("CapacityRemaining")?,
            files: bean.number("FilesTotal")?,
            blocks: bean.number("BlocksTotal")?,
            missing_blocks: bean.number("MissingBlocks")?,
            under_replicated_blocks: bean.number("UnderReplicatedBlocks")?,
        })
    }

    /// The share, 0 to 1, of the capacity that is not there to be used any more.
    pub fn used_share(&self) -> f64 {
        if self.capacity == 0 { 1.0 } else { 1.0 - float(self.remaining) / float(self.capacity) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As a NameNode 3.4.2 says it, less what is not used.
    fn bean(state: &str) -> Value {
        json!({"beans": [{
            "name": "Hadoop:service=NameNode,name=FSNamesystem", "tag.HAState": state, "CapacityTotal": 1000,
            "CapacityUsed": 100, "CapacityRemaining": 250, "FilesTotal": 12, "BlocksTotal": 7, "MissingBlocks": 1,
            "UnderReplicatedBlocks": 2,
        }]})
    }

    #[test]
    fn the_active_namenode_is_asked() {
        let ask = |url: &str| match url.split('/').nth(2) {
            Some("active") => Ok(bean("active")),
            Some("standby") => Ok(bean("standby")),
            _ => Err(Error::Unknown { url: url.to_owned() }),
        };
        let names = |names: &[&str]| names.iter().map(|name| format!("http://{name}/")).collect::<Vec<_>>();
        let found = NameNode::ask(&ask, &names(&["standby", "gone", "active"])).unwrap();
        assert_eq!((found.namenode.as_str(), found.files, found.missing_blocks), ("http://active", 12, 1));
        assert!((found.used_share() - 0.75).abs() < 1e-9, "{found:?}");
        assert!(matches!(NameNode::ask(&ask, &names(&["standby"])), Err(Error::StandsBy { .. })));
        assert!(matches!(NameNode::ask(&ask, &names(&["standby", "gone"])), Err(Error::Unknown { .. })));
        for value in [json!([]), json!({"beans": [{"tag.HAState": "active", "CapacityTotal": -1}]})] {
            assert!(NameNode::ask(&|_| Ok(value.clone()), &names(&["odd"])).is_err());
        }
    }
}
