/// The engine that keeps its jobs in one SQLite file: durable, exact, and without a server.
@org.jspecify.annotations.NullMarked
module dev.sluice.sqlite {
  requires transitive dev.sluice;
  requires static org.jspecify;
  requires java.sql;
  requires org.xerial.sqlitejdbc;

  exports dev.sluice.sqlite;
}
