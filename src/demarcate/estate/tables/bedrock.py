"""Amazon Bedrock: whether invocations of models are logged."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Bool, Each, Table, Text

_LOGGING = "loggingConfig"

MODEL_INVOCATION_LOGGING = Table(
    "aws_bedrock_model_invocation_logging",
    "Where Bedrock logs invocations of models in a region. CloudFormation has no resource for it.",
    service="bedrock",
    live=Each("bedrock.get_model_invocation_logging_configuration", "@"),
    columns=(
        Arn("arn:{partition}:bedrock:{region}:{account_id}:model-invocation-logging"),
        Text(
            "log_group_name", live=f"{_LOGGING}.cloudWatchConfig.logGroupName", absent="", about="'' without one."
        ),
        Text("s3_bucket_name", live=f"{_LOGGING}.s3Config.bucketName", absent="", about="'' without one."),
        Text("s3_key_prefix", live=f"{_LOGGING}.s3Config.keyPrefix", absent=""),
        Text(
            "large_data_bucket_name",
            live=f"{_LOGGING}.cloudWatchConfig.largeDataDeliveryS3Config.bucketName",
            absent="",
            about="Where what is larger than a log event goes.",
        ),
        Bool("text_data_delivery_enabled", live=f"{_LOGGING}.textDataDeliveryEnabled", absent=False),
        Bool("image_data_delivery_enabled", live=f"{_LOGGING}.imageDataDeliveryEnabled", absent=False),
        Bool("embedding_data_delivery_enabled", live=f"{_LOGGING}.embeddingDataDeliveryEnabled", absent=False),
        Bool("video_data_delivery_enabled", live=f"{_LOGGING}.videoDataDeliveryEnabled", absent=False),
        Bool("audio_data_delivery_enabled", live=f"{_LOGGING}.audioDataDeliveryEnabled", absent=False),
    ),
)
