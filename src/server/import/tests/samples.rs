//! One table of observations, packed in several ways.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The table of two observations as text.
pub const CSV: &str = "id,trace_id,type,start_time,user_id,parent_observation_id,provided_model_name,usage_details,input\n\
    o1,t1,SPAN,2026-11-20 12:00:00.000000,u,,,{},\n\
    o2,t1,GENERATION,2026-11-20 12:00:01.000000,,o1,m,\"{\"\"input\"\": 3}\",[1]\n";

/// A column of the table that [`parquet_file`] writes.
enum Column {
    Texts([&'static str; 2]),
    Times([i64; 2]),
}

/// The same table in columns.
pub fn parquet_file() -> Vec<u8> {
    let columns = [
        ("id", Column::Texts(["o1", "o2"])),
        ("trace_id", Column::Texts(["t1", "t1"])),
        ("type", Column::Texts(["SPAN", "GENERATION"])),
        ("start_time", Column::Times([1_795_176_000_000_000, 1_795_176_001_000_000])),
        ("user_id", Column::Texts(["u", ""])),
        ("parent_observation_id", Column::Texts(["", "o1"])),
        ("provided_model_name", Column::Texts(["", "m"])),
        ("usage_details", Column::Texts(["{}", "{\"input\": 3}"])),
        ("input", Column::Texts(["", "[1]"])),
    ];
    let fields = columns.iter().map(|(name, column)| match column {
        Column::Texts(_) => format!("required binary {name} (UTF8);"),
        Column::Times(_) => format!("required int64 {name} (TIMESTAMP(MICROS, true));"),
    });
    let schema = format!("message rows {{ {} }}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, column) in columns {
        let mut target = group.next_column().unwrap().unwrap();
        match column {
            Column::Texts(texts) => {
                let texts = texts.map(ByteArray::from);
                target.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
            }
            Column::Times(times) => {
                target.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
            }
        }
        target.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    file
}

/// The bytes, compressed.
pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
