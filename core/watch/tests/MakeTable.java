// Makes a table of four regions on a real HBase, puts rows, most of them into one region, and flushes; or drops it.
// hbase MakeTable.java make|drop TABLE

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.util.Bytes;

public class MakeTable {
    public static void main(String[] arguments) throws Exception {
        TableName name = TableName.valueOf(arguments[1]);
        try (Connection connection = ConnectionFactory.createConnection(HBaseConfiguration.create());
                Admin admin = connection.getAdmin()) {
            if (arguments[0].equals("drop")) {
                admin.disableTable(name);
                admin.deleteTable(name);
                return;
            }
            byte[][] splits = {Bytes.toBytes("b"), Bytes.toBytes("c"), Bytes.toBytes("d")};
            admin.createTable(
                    TableDescriptorBuilder.newBuilder(name)
                            .setColumnFamily(ColumnFamilyDescriptorBuilder.of("data"))
                            .setColumnFamily(ColumnFamilyDescriptorBuilder.of("day"))
                            .build(),
                    splits);
            List<Put> puts = new ArrayList<>();
            for (int n = 0; n < 1000; n++) {
                String first = n < 10 ? "a" : n < 20 ? "b" : "c";
                puts.add(new Put(Bytes.toBytes(first + n)).addColumn(Bytes.toBytes("data"), Bytes.toBytes("count"), Bytes.toBytes("1")));
            }
            try (Table table = connection.getTable(name)) {
                table.put(puts);
            }
            admin.flush(name);
        }
    }
}
