package sparkflow.job

import org.apache.spark.sql.types.StructType
import org.json4s._

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.ModelState

/** Everything that can be refused before a Spark job starts; each message names the value, what was expected and what
  * to do.
  */
private[job] object TrainChecks {

  def apply(schema: StructType, request: TrainRequest): Unit = {
    val graph = request.graphInfo
    if (graph.losses == 0)
      throw new IllegalArgumentException(
        "tensorflowGraph has no loss: its function must use tf.losses.*, call tf.losses.add_loss, or return the loss to build_graph"
      )
    if (graph.trainableVariables == 0)
      throw new IllegalArgumentException(
        "tensorflowGraph has no trainable variable: there is nothing to train; make variables with trainable=True"
      )
    request.columns.foreach(FedColumn.check(schema, graph, _))
    fedOnce(request.columns)
    (request.sampleWeightCol, request.tfSampleWeight) match {
      case (Some(_), Some(_)) =>
      case (None, Some(tensor)) if request.classWeights.isDefined =>
        graph.placeholder("tfSampleWeight", tensor)
      case (None, Some(tensor)) =>
        throw new IllegalArgumentException(
          s"tfSampleWeight is '$tensor' but sampleWeightCol is not set: name the column of the weights, or leave tfSampleWeight out"
        )
      case (Some(column), None) =>
        throw new IllegalArgumentException(
          s"sampleWeightCol is '$column' but tfSampleWeight is not set: a graph's loss must have a placeholder that takes the " +
            "weights, and tfSampleWeight name it; for a Keras model give sampleWeightCol together with model"
        )
      case (None, None) if request.classWeights.isDefined =>
        throw new IllegalArgumentException(
          "classWeights is set but tfSampleWeight is not: a graph's loss must have a placeholder that takes the rows' weights, and " +
            "tfSampleWeight name it; for a Keras model give classWeights together with model"
        )
      case (None, None) =>
    }
    if (request.classWeights.isDefined && request.labels.isEmpty)
      throw new IllegalArgumentException(
        "classWeights is set but labelCol is not, and it is the label that says a row's class: set labelCol, or leave it out"
      )
    for (label <- request.labels if request.classWeights.isDefined && label.dtypeIn(graph) == Dtype.Strings)
      throw new IllegalArgumentException(
        s"classWeights is set, but the label '${label.column}' is strings, and classes are numbers: make numbers of it with " +
          "StringIndexer, or leave classWeights out"
      )
    for (labels <- several(request.labels) if request.classWeights.isDefined)
      throw new IllegalArgumentException(
        s"classWeights is set, but $labels are labels, and it is one that says a row's class: use labelCol, or leave it out"
      )
    for (columns <- several(request.inputs).orElse(several(request.labels)) if request.transformFn.isDefined)
      throw new IllegalArgumentException(
        s"transformFn is set, but $columns are fed, and it takes one features column and one label: leave it out, or join them"
      )
    for (fed <- request.inputs if request.transformFn.isDefined && fed.placeholderIn(graph).isSparse)
      throw new IllegalArgumentException(
        s"transformFn is set, but ${fed.tensorParam} '${fed.tensor}' is a sparse placeholder, and it takes arrays: leave it out"
      )
    optimizer(request)
    localSteps(request)
    request.gradient.check(request.localSteps)
    schedule(request)
    staleness(request)
    checkpoints(request)
    HeldOut.check(schema, request)
    Monitor.check(graph, request)
    request.initial.foreach { state =>
      sameCount(graph, state)
      numbers(state)
    }
  }

  /** @throws IllegalArgumentException for an unknown optimizer or option, or a value out of its range */
  def optimizer(request: TrainRequest): Optimizer = {
    val param = if (Optimizer.names.contains(request.optimizer)) "optimizerOptions" else "tfOptimizer"
    val set = named(param)(options(request))
    named(param)(Optimizer.create(request.optimizer, request.learningRate, set))
    val meant =
      if (request.mode == "sync") set
      else Optimizer.asynchronous(request.optimizer, set, request.partitions)
    named("learningRateSchedule") {
      val schedule = request.learningRateSchedule.map(JsonOptions(_))
      Optimizer.create(request.optimizer, request.learningRate, meant, schedule)
    }
  }

  private def options(request: TrainRequest): Map[String, Any] =
    request.optimizerOptions.fold(Map.empty[String, Any])(JsonOptions(_))

  private def named[A](param: String)(check: => A): A =
    try check
    catch {
      case e: IllegalArgumentException => throw new IllegalArgumentException(s"$param: ${e.getMessage}", e)
    }

  /** All options of the request's optimizer, as TensorFlow's constructor takes them. */
  def optimizerOptions(request: TrainRequest): JObject =
    JObject(Optimizer.options(request.optimizer, request.learningRate, options(request)).toList.map {
      case (name, on: Boolean) => name -> JBool(on)
      case (name, number)      => name -> JDouble(number.toString.toDouble)
    })

  private def localSteps(request: TrainRequest): Unit = if (request.localSteps > 1) {
    if (!Optimizer.ofTensorFlow.contains(request.optimizer))
      throw new IllegalArgumentException(
        s"localSteps is ${request.localSteps}, but ${request.optimizer} is an optimizer of the parameter server alone: use " +
          "localSteps 1, or another tfOptimizer, such as adam"
      )
    if (forgetful(request.optimizer))
      throw new IllegalArgumentException(
        s"localSteps is ${request.localSteps}, but ${request.optimizer} computes the weights from sums of gradients, so what other " +
          "workers have learnt would be lost: use localSteps 1, or another tfOptimizer"
      )
  }

  private def schedule(request: TrainRequest): Unit = if (request.learningRateSchedule.isDefined) {
    if (request.localSteps > 1)
      throw new IllegalArgumentException(
        s"learningRateSchedule is set, but with localSteps ${request.localSteps} the workers' own optimizers step at a constant " +
          "rate: use localSteps 1, or leave learningRateSchedule out"
      )
    if (forgetful(request.optimizer))
      throw new IllegalArgumentException(
        s"learningRateSchedule is set, but ${request.optimizer} computes the weights from sums of all gradients, which the rate of " +
          "the moment would scale as a whole: leave it out, or use another tfOptimizer"
      )
  }

  private def checkpoints(request: TrainRequest): Unit =
    for (_ <- request.checkpoint; _ <- request.stopping)
      throw new IllegalArgumentException(
        s"checkpointDir is set, and ${TaskSlots.stopping(request).mkString(" and ")}, but a checkpoint does not hold the best weights " +
          "and how many iterations ago they were: leave out one or the other"
      )

  private def staleness(request: TrainRequest): Unit = {
    def notInSync(setting: String) = throw new IllegalArgumentException(
      s"$setting, but in mode 'sync' no gradient is stale: leave it out, or use another mode"
    )
    if (request.mode == "sync") {
      if (request.stalenessDecay) notInSync("stalenessDecay is true")
      if (request.delayCompensation > 0) notInSync(s"delayCompensation is ${request.delayCompensation}")
    }
    if (request.delayCompensation > 0 && request.localSteps > 1)
      throw new IllegalArgumentException(
        s"delayCompensation is ${request.delayCompensation}, but with localSteps ${request.localSteps} workers push no gradients " +
          "that it could correct: use localSteps 1 or delayCompensation 0"
      )
    if (request.delayCompensation > 0 && request.compression != "none")
      throw new IllegalArgumentException(
        s"delayCompensation is ${request.delayCompensation}, but with compression '${request.compression}' workers have rounded " +
          "weights, and the difference to the true ones would be taken for age: use compression 'none' or delayCompensation 0"
      )
  }

  private val forgetful = Set("adagrad_da", "ftrl")

  private def several(columns: Seq[Fed]): Option[String] =
    Option.when(columns.size > 1)(columns.map(_.column).mkString("'", "', '", "'"))

  /** Refuses a placeholder that two columns feed. */
  def fedOnce(columns: Seq[Fed]): Unit = columns.groupBy(_.tensor).values.filter(_.size > 1).foreach { twice =>
    throw new IllegalArgumentException(
      s"columns '${twice(0).column}' (${twice(0).columnParam}) and '${twice(1).column}' (${twice(1).columnParam}) feed the same " +
        s"placeholder, '${twice(0).tensor}': give each column one of its own"
    )
  }

  private def numbers(state: ModelState): Unit =
    for (bad <- ModelState.notFinite(state.weights))
      throw new IllegalArgumentException(
        s"initialWeights has a value that is $bad, from which nothing can be learnt: take the weights of a model that is sound"
      )

  private def sameCount(graph: GraphInfo, state: ModelState): Unit =
    if (state.layout.weights.size != graph.trainableVariables)
      throw new IllegalArgumentException(
        s"initialWeights has ${state.layout.weights.size} variables, but the graph has ${graph.trainableVariables} trainable " +
          "ones: take the weights of a model of the same graph"
      )
}
