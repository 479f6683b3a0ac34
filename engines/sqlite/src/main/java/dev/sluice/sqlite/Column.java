package dev.sluice.sqlite;

/// Where the columns of a whole job stand in an answer of SQLite.
///
/// Threading: immutable.
final class Column {
  static final int SEQ = 1;
  static final int ID_LOW = 2;
  static final int ID_HIGH = 3;
  static final int QUEUE = 4;
  static final int TYPE = 5;
  static final int STATE = 6;
  static final int PRIORITY = 7;
  static final int POS = 8;
  static final int ATTEMPT = 9;
  static final int CRASH = 10;
  static final int EPOCH = 11;
  static final int RUN_AT = 12;
  static final int CREATED = 13;
  static final int STARTED = 14;
  static final int FINISHED = 15;
  static final int REASON = 16;
  static final int PAYLOAD = 17;
  static final int OPTIONS = 18;
  static final int ASKED_AT = 19;
  static final int KEY = 20;
  static final int HEADERS = 21;
  static final int EXPIRES_AT = 22;
  static final int TIMEOUT = 23;
  static final int MAX_ATTEMPTS = 24;
  static final int GROUP = 25;
  static final int BATCH = 26;
  static final int CANCEL_ASKED = 27;
  static final int PARKED = 28;

  private Column() {}
}
