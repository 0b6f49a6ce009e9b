package sparkflow.ps.optim

/** An optimizer before its options are known: what it is called, what it takes, and how it is made. */
private[optim] abstract class Family(val name: String) {

  /** The options besides learning_rate, in the order of TensorFlow's constructor. */
  def settings: Seq[Setting[_]]

  /** Other names of options. */
  def aliases: Map[String, String] = Map.empty

  /** Arguments of TensorFlow's constructor that mean nothing here: they name variables and operations of its
    * graph, or lock them, and here locking is the server's `mode`.
    */
  def ignored: Set[String] = Set("use_locking", "name")

  def create(learningRate: Float, options: Options): Optimizer
}
