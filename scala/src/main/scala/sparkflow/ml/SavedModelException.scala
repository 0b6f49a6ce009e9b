package sparkflow.ml

/** A saved model that cannot be loaded: the message names the file, what is wrong with it and what to do.
  *
  * An IllegalArgumentException, which PySpark raises under its own name with the message in front.
  */
final class SavedModelException(message: String, cause: Throwable = null)
    extends IllegalArgumentException(message, cause)

private[ml] object SavedModelException {
  val restore = "copy the whole saved model from its source again, or save the model anew"
}
