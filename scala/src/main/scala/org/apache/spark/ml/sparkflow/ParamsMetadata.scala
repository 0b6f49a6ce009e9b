package org.apache.spark.ml.sparkflow

import org.apache.hadoop.conf.Configuration
import org.apache.spark.ml.param.Params
import org.apache.spark.ml.util.{DefaultParamsReader, DefaultParamsWriter}
import org.apache.spark.sql.SparkSession
import org.json4s.{JObject, JValue}

/** The metadata that Spark ML writes for a stage; Spark keeps its reader and writer private to its ML package. */
object ParamsMetadata {

  /** Writes `path`/metadata. */
  def save(stage: Params, path: String, session: SparkSession, extra: JObject): Unit =
    DefaultParamsWriter.saveMetadata(stage, path, session, Some(extra))

  /** Of a stage of whatever class. */
  def load(path: String, session: SparkSession): LoadedMetadata =
    new LoadedMetadata(DefaultParamsReader.loadMetadata(path, session))

  /** Hadoop's settings with those of the session on top, as Spark's own writers use them. */
  def hadoopConf(session: SparkSession): Configuration = session.sessionState.newHadoopConf()
}

/** A stage's metadata, read. */
final class LoadedMetadata private[sparkflow] (metadata: DefaultParamsReader.Metadata) {
  def uid: String = metadata.uid
  def className: String = metadata.className

  /** The whole JSON object. */
  def json: JValue = metadata.metadata

  /** Gives the stage the saved params and defaults. */
  def setParams(stage: Params): Unit = metadata.getAndSetParams(stage)
}
