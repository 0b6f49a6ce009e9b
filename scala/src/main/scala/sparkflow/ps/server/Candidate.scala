package sparkflow.ps.server

/** A connection, as the others of its fit see it. The methods may be called on any thread; they return at once, and act
  * later, on the connection's event loop.
  */
private[server] trait Candidate {

  /** It shall make the first weights. */
  def chosen(): Unit

  /** There are weights. */
  def ready(): Unit

  /** If it still waits for its Welcome, or for other workers, it gets this Error instead. */
  def refuse(code: Int, message: String): Unit
}
