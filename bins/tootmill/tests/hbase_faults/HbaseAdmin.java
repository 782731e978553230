// What no Thrift call does, and what a test wants to know at once: orders on standard input, a line of answer for each.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.NamespaceDescriptor;
import org.apache.hadoop.hbase.RegionMetrics;
import org.apache.hadoop.hbase.ServerName;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.TableNotEnabledException;
import org.apache.hadoop.hbase.TableNotFoundException;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.util.Bytes;

public final class HbaseAdmin {
  public static void main(String[] arguments) throws Exception {
    try (Connection connection = ConnectionFactory.createConnection(HBaseConfiguration.create());
        Admin admin = connection.getAdmin();
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in))) {
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        String answer;
        try {
          answer = obey(connection, admin, order.split(" "));
        } catch (Exception error) {
          answer = "failed: " + String.valueOf(error).replace('\n', ' ');
        }
        System.out.println(answer);
        System.out.flush();
      }
    }
  }

  private static String obey(Connection connection, Admin admin, String[] order) throws Exception {
    String name = order[1].replace("'", "");
    if (order[0].equals("wal_roll")) {
      admin.rollWALWriter(ServerName.valueOf(name));
      return "done";
    }
    if (order[0].equals("flush_all")) {
      for (TableName each : admin.listTableNames((Pattern) null, true)) {
        try {
          admin.flush(each);
        } catch (TableNotFoundException | TableNotEnabledException gone) {
          // Another test has removed its table just now.
          System.err.println(gone);
        }
      }
      return "done";
    }
    TableName table = TableName.valueOf(name);
    switch (order[0]) {
      // create TABLE FAMILY:SECONDS …, with as many seconds to live, 0 for all time
      case "create" -> {
        TableDescriptorBuilder descriptor = TableDescriptorBuilder.newBuilder(table);
        for (int place = 2; place < order.length; place++) {
          String[] family = order[place].split(":");
          ColumnFamilyDescriptorBuilder builder = ColumnFamilyDescriptorBuilder.newBuilder(Bytes.toBytes(family[0])).setMaxVersions(400);
          int seconds = Integer.parseInt(family[1]);
          if (seconds > 0) {
            builder.setTimeToLive(seconds);
          }
          descriptor.setColumnFamily(builder.build());
        }
        admin.createTable(descriptor.build());
      }
      // As HBase's shell has them: flush 'TABLE', major_compact 'TABLE'; and wal_roll 'SERVER', above
      case "flush" -> admin.flush(table);
      case "major_compact" -> admin.majorCompact(table);
      case "namespace" -> admin.createNamespace(NamespaceDescriptor.create(order[1]).build());
      case "disable" -> admin.disableTable(table);
      case "enable" -> admin.enableTable(table);
      // split TABLE KEY, and wait until both halves are there
      case "split" -> {
        int regions = admin.getRegions(table).size();
        admin.splitRegionAsync(
                connection.getRegionLocator(table).getRegionLocation(Bytes.toBytes(order[2]), true).getRegion().getRegionName(),
                Bytes.toBytes(order[2]))
            .get(60, TimeUnit.SECONDS);
        if (admin.getRegions(table).size() <= regions) {
          throw new IllegalStateException("there are no more regions than before");
        }
      }
      // How many rows the region servers were asked to write since they have the table's regions.
      case "writes" -> {
        long writes = 0;
        for (ServerName server : admin.getRegionServers()) {
          for (RegionMetrics region : admin.getRegionMetrics(server, table)) {
            writes += region.getWriteRequestCount();
          }
        }
        return Long.toString(writes);
      }
      case "rows" -> {
        long rows = 0;
        try (Table opened = connection.getTable(table); ResultScanner scanner = opened.getScanner(new Scan())) {
          while (scanner.next() != null) {
            rows++;
          }
        }
        return Long.toString(rows);
      }
      // cells TABLE KEY: how many cells of a row are stored, removed ones and the marks of removals too
      case "cells" -> {
        long cells = 0;
        byte[] key = Bytes.toBytes(order[2]);
        Scan scan = new Scan().withStartRow(key).withStopRow(key, true).setRaw(true).readAllVersions();
        try (Table opened = connection.getTable(table); ResultScanner scanner = opened.getScanner(scan)) {
          for (Result row = scanner.next(); row != null; row = scanner.next()) {
            cells += row.size();
          }
        }
        return Long.toString(cells);
      }
      default -> throw new IllegalArgumentException("there is no order " + order[0]);
    }
    return "done";
  }
}
