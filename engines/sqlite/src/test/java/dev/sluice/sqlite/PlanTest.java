package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a statement costs does not depend on jobs that it has nothing to do with: none scans, none
/// sorts, each uses the index of its line.
final class PlanTest {
  private final Database database;

  PlanTest(@TempDir Path directory) throws SQLException {
    database = Database.open(directory.resolve("jobs.db"), Disk.REAL);
  }

  @AfterEach
  void close() throws SQLException {
    database.close();
  }

  private void usesOnly(String sql, String index) throws SQLException {
    assertThat(database.plan(sql))
        .as(sql)
        .contains(index)
        .doesNotContain("SCAN job")
        .doesNotContain("TEMP B-TREE");
  }

  @Test
  void linesAreReadFromTheirIndexes() throws SQLException {
    usesOnly(Sql.CLAIM, "INDEX ready (queue=? AND priority=?)");
    usesOnly(Sql.HEAD, "INDEX ready (queue=? AND priority=?)");
    usesOnly(Sql.PURGE_READY, "INDEX ready (queue=?)");
    usesOnly(Sql.DUE, "INDEX scheduled (queue=? AND run_at<?)");
    usesOnly(Sql.NEXT_DUE, "INDEX scheduled (queue=?)");
    usesOnly(Sql.PURGE_SCHEDULED, "INDEX scheduled (queue=?)");
    usesOnly(Sql.OLDEST_ENDED, "INDEX ended (queue=? AND state=?)");
    usesOnly(Sql.KEY_FIND, "INDEX keyed (queue=? AND job_key=?)");
    usesOnly(Sql.STRAY_FIND, "INDEX stray (id_high=? AND id_low=?)");
  }

  @Test
  void rowsAreFoundByTheirNumber() throws SQLException {
    for (String sql :
        new String[] {
          Sql.ID_AT,
          Sql.JOB_AT,
          Sql.FACTS_AT,
          Sql.PROMOTE,
          Sql.COMPLETE_BULK,
          Sql.COMPLETE_ONE,
          Sql.SETTLE,
          Sql.CANCEL,
          Sql.RETRY,
          Sql.DELETE,
          Sql.DELETE_BULK,
          Sql.STRAY_LAST
        }) {
      usesOnly(sql, "INTEGER PRIMARY KEY");
    }
    assertThat(database.plan(Sql.ATTEMPT_DELETE)).contains("PRIMARY KEY (seq=?)");
    assertThat(database.plan(Sql.RUNNING)).contains("INDEX running");
  }

  @Test
  void textsAreFoundByTheirName() throws SQLException {
    assertThat(database.plan(Sql.TEXT_UPDATE)).contains("(name=?)").doesNotContain("SCAN");
    assertThat(database.plan(Sql.TEXT_DELETE)).contains("(name=?)").doesNotContain("SCAN");
  }

  @ParameterizedTest
  @CsvSource({"READY, ready", "SCHEDULED, scheduled", "RUNNING, running", "DEAD, ended"})
  void pagesCostTheirOwnLength(JobState state, String index) throws SQLException {
    usesOnly(Sql.list(state), "INDEX " + index + " (queue=?");
  }
}
