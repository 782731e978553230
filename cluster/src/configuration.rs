//! The configuration files of Hadoop and HBase. A line of a text here is a property: its name, and its value.

use std::{fs, path::PathBuf};

use crate::{Error, Layout, error::at, launch::server, ports::Port, settings::Settings};

/// Writes all of them.
pub(crate) fn write(layout: &Layout, settings: &Settings) -> Result<(), Error> {
    for (path, text) in files(layout, settings) {
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(at("creating the folder of", &path))?;
        fs::write(&path, text).map_err(at("writing", &path))?;
    }
    Ok(())
}

fn files(layout: &Layout, settings: &Settings) -> Vec<(PathBuf, String)> {
    let (hadoop, hbase) = (layout.hadoop_configuration(), layout.hbase_configuration());
    let mut files = vec![
        (hadoop.join("core-site.xml"), xml(&core(layout, settings))),
        (hadoop.join("hdfs-site.xml"), xml(&hdfs(layout, settings))),
        (hadoop.join("yarn-site.xml"), xml(&yarn(layout, settings))),
        (hadoop.join("mapred-site.xml"), xml(&mapreduce(layout, settings))),
        (hadoop.join("log4j.properties"), logging("org.apache.hadoop.util.NativeCodeLoader=ERROR")),
    ];
    if settings.hbase {
        files.push((hbase.join("hbase-site.xml"), xml(&self::hbase(layout, settings))));
        files.push((hbase.join("log4j.properties"), logging("org.apache.zookeeper=WARN")));
    }
    files
}

fn core(layout: &Layout, settings: &Settings) -> String {
    let name_node = settings.ports.address(Port::NameNode);
    let (temporary, user) = (layout.data("hadoop"), &settings.user);
    let temporary = temporary.display();
    format!(
        "
        fs.defaultFS                        hdfs://{name_node}
        hadoop.tmp.dir                      {temporary}
        hadoop.security.authentication      simple
        # Who looks at web pages and does not say a name.
        hadoop.http.staticuser.user         {user}
        hadoop.proxyuser.{user}.hosts       *
        hadoop.proxyuser.{user}.groups      *
        ipc.client.connect.max.retries      3
        io.file.buffer.size                 65536
        # Reads .zst without Hadoop's native library.
        io.compression.codecs               io.airlift.compress.zstd.ZstdCodec
        "
    )
}

fn hdfs(layout: &Layout, settings: &Settings) -> String {
    let at = |port| settings.ports.address(port);
    let (rpc, web) = (at(Port::NameNode), at(Port::NameNodeWeb));
    let names = layout.data("namenode");
    let (names, datanodes) = (names.display(), settings.datanodes);
    format!(
        "
        dfs.namenode.rpc-address            {rpc}
        dfs.namenode.rpc-bind-host          127.0.0.1
        dfs.namenode.http-address           {web}
        dfs.namenode.http-bind-host         127.0.0.1
        dfs.namenode.name.dir               file://{names}
        dfs.namenode.handler.count          8
        dfs.namenode.acls.enabled           true
        dfs.namenode.datanode.registration.ip-hostname-check  false
        dfs.namenode.fs-limits.min-block-size                 1024
        # Ready as soon as every DataNode is there.
        dfs.namenode.safemode.extension     0
        dfs.namenode.file.close.num-committed-allowed         1
        dfs.namenode.safemode.min.datanodes {datanodes}
        # Dead after 15 s without a heartbeat, and not after 10 minutes.
        dfs.heartbeat.interval              1
        dfs.namenode.heartbeat.recheck-interval               2500
        dfs.datanode.hostname               127.0.0.1
        dfs.client.use.datanode.hostname    false
        dfs.permissions.enabled             true
        dfs.webhdfs.enabled                 true
        dfs.replication                     {datanodes}
        dfs.blocksize                       33554432
        "
    )
}

fn yarn(layout: &Layout, settings: &Settings) -> String {
    let at = |port| settings.ports.address(port);
    let (rpc, scheduler, tracker, admin, web) = (
        at(Port::ResourceManager),
        at(Port::ResourceManagerScheduler),
        at(Port::ResourceManagerTracker),
        at(Port::ResourceManagerAdmin),
        at(Port::ResourceManagerWeb),
    );
    let (node, localizer, node_web) = (at(Port::NodeManager), at(Port::NodeManagerLocalizer), at(Port::NodeManagerWeb));
    let logs_web = settings.ports.url(Port::HistoryServerWeb, "/jobhistory/logs");
    let attributes = layout.data("resourcemanager").join("node-attributes");
    let data = layout.data("nodemanager");
    let (data, classpath, aggregated) =
        (data.display(), container_classpath(layout, settings), settings.log_aggregation);
    let attributes = attributes.display();
    format!(
        "
        yarn.resourcemanager.hostname                   127.0.0.1
        yarn.resourcemanager.bind-host                  127.0.0.1
        yarn.resourcemanager.address                    {rpc}
        yarn.resourcemanager.scheduler.address          {scheduler}
        yarn.resourcemanager.resource-tracker.address   {tracker}
        yarn.resourcemanager.admin.address              {admin}
        yarn.resourcemanager.webapp.address             {web}
        yarn.nodemanager.hostname                       127.0.0.1
        yarn.nodemanager.bind-host                      127.0.0.1
        yarn.nodemanager.address                        {node}
        yarn.nodemanager.localizer.address              {localizer}
        yarn.nodemanager.webapp.address                 {node_web}
        yarn.nodemanager.local-dirs                     {data}/local
        yarn.nodemanager.log-dirs                       {data}/logs
        yarn.nodemanager.aux-services                   mapreduce_shuffle
        yarn.nodemanager.env-whitelist                  JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ
        yarn.application.classpath                      {classpath}
        yarn.webapp.ui2.enable                          false
        # By default a folder in /tmp that all of a user's clusters share, and in which two that start at once fail.
        yarn.node-attribute.fs-store.root-dir           file://{attributes}

        # Room for eight small containers, whatever the machine.
        yarn.nodemanager.resource.memory-mb             4096
        yarn.nodemanager.resource.cpu-vcores            8
        yarn.scheduler.minimum-allocation-mb            128
        yarn.scheduler.maximum-allocation-mb            2048
        yarn.resourcemanager.scheduler.class            org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler
        yarn.nodemanager.vmem-check-enabled             false
        yarn.nodemanager.pmem-check-enabled             false
        yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage  98

        # A container's logs and files can be looked at for ten minutes after the job.
        yarn.nodemanager.delete.debug-delay-sec         600
        yarn.log-aggregation-enable                     {aggregated}
        yarn.log.server.url                             {logs_web}

        # Quick where the defaults are made for a thousand machines.
        yarn.resourcemanager.nodemanagers.heartbeat-interval-ms       100
        yarn.client.application-client-protocol.poll-interval-ms      20
        yarn.nodemanager.sleep-delay-before-sigkill.ms                10
        yarn.nodemanager.process-kill-wait.ms                         1000
        yarn.nodemanager.container-monitor.interval-ms                1000
        # Lost after so much silence, and not after 10 minutes. A job's master is silent until its Java is up, which takes long
        # where it shares a processor with many.
        yarn.nm.liveness-monitor.expiry-interval-ms                   30000
        yarn.am.liveness-monitor.expiry-interval-ms                   90000
        "
    )
}

fn mapreduce(layout: &Layout, settings: &Settings) -> String {
    let at = |port| settings.ports.address(port);
    let (history, admin, web) = (at(Port::HistoryServer), at(Port::HistoryServerAdmin), at(Port::HistoryServerWeb));
    let (shuffle, classpath) = (settings.ports.number(Port::Shuffle), container_classpath(layout, settings));
    let java = server(settings).join(" ");
    // Hadoop's own sort buffer has 100 MB.
    let (memory, heap, sort) = if settings.for_measuring { (512, 400, 100) } else { (256, 192, 32) };
    format!(
        "
        mapreduce.framework.name                        yarn
        mapreduce.application.classpath                 {classpath}
        mapreduce.jobhistory.address                    {history}
        mapreduce.jobhistory.admin.address              {admin}
        mapreduce.jobhistory.webapp.address             {web}
        mapreduce.jobhistory.bind-host                  127.0.0.1
        mapreduce.shuffle.port                          {shuffle}
        yarn.app.mapreduce.am.staging-dir               /tmp/hadoop-yarn/staging

        # Small processes that start quickly.
        mapreduce.map.memory.mb                         {memory}
        mapreduce.map.java.opts                         -Xmx{heap}m {java}
        mapreduce.reduce.memory.mb                      {memory}
        mapreduce.reduce.java.opts                      -Xmx{heap}m {java}
        yarn.app.mapreduce.am.resource.mb               512
        yarn.app.mapreduce.am.command-opts              -Xmx384m {java}
        mapreduce.task.io.sort.mb                       {sort}
        mapreduce.reduce.shuffle.parallelcopies         2
        mapreduce.shuffle.transfer.buffer.size          131072
        mapreduce.job.ubertask.enable                   false
        mapreduce.job.reduce.slowstart.completedmaps    1.0
        mapreduce.client.submit.file.replication        1

        # Quick where the defaults are made for long jobs.
        yarn.app.mapreduce.am.scheduler.heartbeat.interval-ms         100
        mapreduce.client.completion.pollinterval                      100
        mapreduce.client.progressmonitor.pollinterval                 100
        mapreduce.jobhistory.move.interval-ms                         500
        mapreduce.task.exit.timeout.check-interval-ms                 500
        "
    )
}

fn hbase(layout: &Layout, settings: &Settings) -> String {
    let number = |port| settings.ports.number(port);
    let name_node = settings.ports.address(Port::NameNode);
    let (master, master_web) = (number(Port::HMaster), number(Port::HMasterWeb));
    let (region_server, region_server_web) = (number(Port::RegionServer), number(Port::RegionServerWeb));
    let (zookeeper, datanodes) = (number(Port::ZooKeeper), settings.datanodes);
    let (temporary, zookeeper_data) = (layout.data("hbase"), layout.data("zookeeper"));
    let (temporary, zookeeper_data) = (temporary.display(), zookeeper_data.display());
    format!(
        "
        fs.defaultFS                                    hdfs://{name_node}
        dfs.replication                                 {datanodes}
        hbase.rootdir                                   hdfs://{name_node}/hbase
        hbase.cluster.distributed                       true
        hbase.tmp.dir                                   {temporary}
        hbase.wal.provider                              filesystem

        hbase.zookeeper.quorum                          127.0.0.1
        hbase.zookeeper.property.clientPort             {zookeeper}
        hbase.zookeeper.property.clientPortAddress      127.0.0.1
        hbase.zookeeper.property.dataDir                {zookeeper_data}
        hbase.zookeeper.property.admin.enableServer     false
        # Lost after 20 s of silence.
        hbase.zookeeper.property.tickTime               2000
        zookeeper.session.timeout                       20000

        hbase.master.hostname                           localhost
        hbase.master.ipc.address                        127.0.0.1
        hbase.master.port                               {master}
        hbase.master.info.port                          {master_web}
        hbase.master.info.bindAddress                   127.0.0.1
        hbase.regionserver.hostname                     localhost
        hbase.regionserver.ipc.address                  127.0.0.1
        hbase.regionserver.port                         {region_server}
        hbase.regionserver.info.port                    {region_server_web}
        hbase.regionserver.info.bindAddress             127.0.0.1
        hbase.regionserver.handler.count                10
        hbase.thrift.info.bindAddress                   127.0.0.1

        # One region server is all there will be, so nobody waits for more.
        hbase.master.wait.on.regionservers.mintostart   1
        hbase.master.wait.on.regionservers.maxtostart   1
        hbase.master.wait.on.regionservers.interval     200
        hbase.regionserver.msginterval                  500
        hbase.procedure.store.region.flush.size         1048576
        # What was compacted away, or is no log any more, is gone within seconds, so that a test sees it go.
        hbase.hfile.compaction.discharger.interval      5000
        hbase.master.cleaner.interval                   5000
        hbase.master.hfilecleaner.ttl                   5000
        hbase.master.logcleaner.ttl                     5000

        hbase.io.compress.snappy.codec                  org.apache.hadoop.hbase.io.compress.xerial.SnappyCodec
        hbase.io.compress.zstd.codec                    org.apache.hadoop.hbase.io.compress.zstd.ZstdCodec
        # Without LZ4: clusters lack codecs, and a test sees what is said of it. Hadoop's own needs a jar that HBase has not.
        hbase.io.compress.lzo.codec                     org.apache.hadoop.hbase.io.compress.aircompressor.LzoCodec
        "
    )
}

/// What containers find Hadoop's classes by.
fn container_classpath(layout: &Layout, settings: &Settings) -> String {
    format!("{},{}", layout.hadoop_configuration().display(), settings.jars.hadoop_jars())
}

/// Everything goes to standard error, which is a daemon's log and a command's terminal; one class may differ.
fn logging(except: &str) -> String {
    format!(
        "hadoop.root.logger=INFO,console
log4j.rootLogger=${{hadoop.root.logger}}
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{{ISO8601}} %p %c{{2}}: %m%n
log4j.logger.{except}
# A line for each question whether a daemon answers.
log4j.logger.http.requests=WARN
"
    )
}

/// The properties of a text, as Hadoop reads them.
fn xml(text: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<configuration>\n");
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = escaped(value.trim_start());
        xml.push_str(&format!("  <property><name>{name}</name><value>{value}</value></property>\n"));
    }
    xml.push_str("</configuration>\n");
    xml
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<(PathBuf, String)> {
        files(&Layout::of_test(), &Settings::of_test())
    }

    #[test]
    fn properties_become_xml() {
        let expected = "<?xml version=\"1.0\"?>\n<configuration>\n  \
            <property><name>a.b</name><value>c d &lt;e&gt;</value></property>\n  \
            <property><name>f</name><value></value></property>\n</configuration>\n";
        assert_eq!(xml("\n   a.b   c d <e>\n # no\n\n f\n"), expected);
    }

    #[test]
    fn everything_listens_on_the_loopback_interface_and_on_a_port_of_its_own() {
        let mut ports = BTreeSet::new();
        let values = all().into_iter().filter(|(path, _)| !path.ends_with("hbase-site.xml")).flat_map(|(_, text)| {
            let properties = text.split("<property>").skip(1).map(str::to_owned).collect::<Vec<_>>();
            properties.into_iter().filter(|property| property.contains("address</name>"))
        });
        for property in values.filter(|property| !property.contains("dfs.namenode.rpc-address")) {
            let value = property.split_once("<value>").unwrap().1.split_once("</value>").unwrap().0.to_owned();
            assert!(value.starts_with("127.0.0.1:"), "{property}");
            assert!(ports.insert(value), "{property} has a port that another has");
        }
        assert_eq!(ports.len(), 12, "{ports:?}");
    }

    #[test]
    fn no_property_is_given_twice() {
        for (path, text) in all() {
            let mut names = BTreeSet::new();
            for name in text.split("<name>").skip(1).filter_map(|rest| rest.split('<').next()) {
                assert!(names.insert(name), "{} has {name} twice", path.display());
            }
        }
    }

    #[test]
    fn logs_are_aggregated_on_request() {
        let mut settings = Settings::of_test();
        assert!(
            xml(&yarn(&Layout::of_test(), &settings)).contains("<name>yarn.log-aggregation-enable</name><value>false<")
        );
        settings.log_aggregation = true;
        assert!(
            xml(&yarn(&Layout::of_test(), &settings)).contains("<name>yarn.log-aggregation-enable</name><value>true<")
        );
    }
}
