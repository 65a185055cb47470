"""Tasks of the Hugging Face Hub by auto class of transformers."""

from __future__ import annotations

from collections.abc import Mapping

TASKS: Mapping[str, str] = {
    "AutoModelForCausalLM": "text-generation",
    "AutoModelForSeq2SeqLM": "text2text-generation",
    "AutoModelForMaskedLM": "fill-mask",
    "AutoModelForSequenceClassification": "text-classification",
    "AutoModelForTokenClassification": "token-classification",
    "AutoModelForQuestionAnswering": "question-answering",
    "AutoModelForMultipleChoice": "multiple-choice",
    "AutoModelForNextSentencePrediction": "text-classification",
    "AutoModelForTableQuestionAnswering": "table-question-answering",
    "AutoModelForDocumentQuestionAnswering": "document-question-answering",
    "AutoModelForVisualQuestionAnswering": "visual-question-answering",
    "AutoModelForTextRecognition": "image-to-text",
    "AutoModelForTableRecognition": "image-to-text",
    "AutoModelForImageTextToText": "image-text-to-text",
    "AutoModelForZeroShotImageClassification": "zero-shot-image-classification",
    "AutoModelForZeroShotObjectDetection": "zero-shot-object-detection",
    "AutoModelForImageClassification": "image-classification",
    "AutoModelForObjectDetection": "object-detection",
    "AutoModelForImageSegmentation": "image-segmentation",
    "AutoModelForSemanticSegmentation": "image-segmentation",
    "AutoModelForInstanceSegmentation": "image-segmentation",
    "AutoModelForUniversalSegmentation": "image-segmentation",
    "AutoModelForImageMatting": "image-segmentation",
    "AutoModelForMaskGeneration": "mask-generation",
    "AutoModelForDepthEstimation": "depth-estimation",
    "AutoModelForNormalEstimation": "image-to-image",
    "AutoModelForPointmapEstimation": "image-to-3d",
    "AutoModelForImageToImage": "image-to-image",
    "AutoModelForKeypointDetection": "keypoint-detection",
    "AutoModelForKeypointMatching": "keypoint-detection",
    "AutoModelForPoseEstimation": "keypoint-detection",
    "AutoModelForMaskedImageModeling": "image-feature-extraction",
    "AutoModelForVideoClassification": "video-classification",
    "AutoModelForAudioClassification": "audio-classification",
    "AutoModelForAudioFrameClassification": "audio-classification",
    "AutoModelForAudioXVector": "audio-classification",
    "AutoModelForCTC": "automatic-speech-recognition",
    "AutoModelForRNNT": "automatic-speech-recognition",
    "AutoModelForTDT": "automatic-speech-recognition",
    "AutoModelForSpeechSeq2Seq": "automatic-speech-recognition",
    "AutoModelForTextToSpectrogram": "text-to-speech",
    "AutoModelForTextToWaveform": "text-to-audio",
    "AutoModelForAudioTokenization": "feature-extraction",
    "AutoModelForTimeSeriesPrediction": "time-series-forecasting",
    "AutoModelForDecision": "text-classification",
    "AutoModelForMultimodalLM": "any-to-any",
    "AutoModel": "feature-extraction",
    "AutoModelForTextEncoding": "feature-extraction",
    "AutoBackbone": "image-feature-extraction",
    "AutoModelForPreTraining": "",
}
"""Auto class -> task, most specific class first: the first that builds a model counts."""

IMAGE_FEATURES = "image-feature-extraction"
"""The task of a model without a head, if its input is an image."""
