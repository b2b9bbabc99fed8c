"""What the documents of :mod:`corpus` are made of: texts of the kinds that real pages hold."""

from __future__ import annotations

from typing import Final

OWNERS: Final = (
    "wiro", "google", "bytedance", "civitai", "klingai", "openai", "minimax", "Wan-AI", "reve",
    "black-forest-labs", "elevenlabs", "openbmb", "Lykon", "stabilityai", "PixVerse", "kwaivgi",
)  # fmt: skip
PROJECTS: Final = (
    "text-to-image", "text-to-video", "image-to-video", "image-to-image", "face-swap", "upscale",
    "virtual-try-on", "text-to-speech", "voice-clone", "song", "chat", "rag-chat", "ocr",
    "train-dreambooth", "background-remover", "product-photo", "logo", "interior", "avatar",
)  # fmt: skip
VERSIONS: Final = ("", "-v2", "-fast", "-pro", "-xl", "-lora", "-turbo", "-hd")
CATEGORIES: Final = (
    "tool", "text-to-image", "image-to-image", "text-to-video", "persistent", "lora-wan2.1", "H200",
    "wiroEcommerce", "SDXL", "Image to Image", "partner", "llm", "quick-showcase", "sd", "audio",
)  # fmt: skip
TAGS: Final = (
    "text generation", "flat 2d", "bruce timm", "anime", "video", "talking head", "text-to-video",
    "3d", "ecommerce", "style transfer", "speech",
)  # fmt: skip
DESCRIPTIONS: Final = (
    "MiniMax",
    "Vintage: Rustica Illustration",
    "A Mixture-of-Experts (MoE) model — fast, and “good enough” for most: try it!",
    "InstantID is a method to achieve ID-preserving generation with only single image.",
    "Turns a text into an image. Categories: none; label: none.",
    "Isn't it <b>bold</b>? {{ not_a_template }} & [not a link](x)",
)
COVERS: Final = ("cover.jpg", "cover.jpeg", "cover.png", "cover.webp", "cover.mp4", "No cover")
SUBJECTS: Final = (
    "summer landscape", "an olympic athlete", "a baker\\'s hands", "shop window", "lighthouse",
    "portrait of a woman", "a red fox", "isometric room", "{{prompt}} on a sign", "old harbour",
)  # fmt: skip
DETAILS: Final = (
    "red color", "Bokeh", "the waterfall", "fog over the lake", "insanely detailed", "(text:1.2)",
    "(((missing arms)))", "shallow depth of field", "wide - angle lens", "2560×1440", "golden hour",
    'with text:"STOP the press!"', "the words “On The Road”", "Audio: rain. Color palette: teal",
    "<lora:x:1>", "[Push in]close up", "@image2 and @image3", "a dagger", "50% off", "C:\\temp",
)  # fmt: skip
VERSE: Final = (
    "[verse]\nNeon rivers run\nUnder the city sun\n\n[chorus]\nHold on, hold on - we're gone",
    "[verse]\nOne: the road\nTwo: the sea\n\n[bridge]\n(la la la)",
)
HELPS: Final = (
    "",
    "{name}-help",
    "{name}-hepl",
    "guidancescale-help",
    "Sets {name}. Minimum: 1.5, maximum: 10, default: 4.5. Higher = closer to the prompt.",
    "allow_adult: Allow adults only. dont_allow: Disallow people.",
    "Used for: -Single Generation Swap -Multi Generation Swap",
    "Use brackets (e.g. [Pan left] or [Zoom in]) — as often as you’d like",
    "Format: ....|.....|.....|.",
    "Width and height (px) > 14, must be 4*n + 1, see (1/3, 3)",
    "How {name} is used; '[NC] Narrator' reads “this”.",
)
CREATORS: Final = (
    "Kandoo_AI", "SG161222", "Ostris", "NestOrtiz3D", "jjhuang", "_CHEYENNE_", "Lykon",
    "M4RV3LS & DUNGEONS", "StableDiffusionVN", "Melmoth The Wanderer", "Hevok", "desertPixel",
)  # fmt: skip
MODELS: Final = (
    "Realistic Vision v6.0 B1 noVAE", "Doll-Like-Anime", "JJs Interior Style - Modern v1.0",
    "App Icons", "Studio-Trigger", "Skin Tone Slider", "Niji Style", "Juggernaut", "Paragon-V1.0",
    "Weapon Dual Pistols", "Fish out of Water", "2D Game Icon Mix", "Roman Legionary (Armor)",
)  # fmt: skip
TRIGGERS: Final = (
    "niji style", "samurai", "armor", "Impasto,digital art", "(high detailed skin:1.2)",
    "portrait+ style", "shield, spear, sword (read notes)", "damndjewl style", "RAW photo",
)  # fmt: skip
SCHEDULERS: Final = (
    "EulerDiscreteScheduler", "DDIMScheduler", "LMSDiscreteScheduler", "EulerDiscreteScheduler",
    "PNDMScheduler", "DDPMScheduler", "EulerAncestralDiscreteScheduler",
)  # fmt: skip
RATIOS: Final = ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9")
COLOURS: Final = ("#A6E1F9,#4BC7CE", "#000000,#FFFFFF", "#FF8800,#220011")
LANGUAGES: Final = (
    "English", "Türkçe", "Français", "日本語", "العربية", "Deutsch", "Español", "Italiano",
    "Português", "Polski", "Nederlands", "한국어", "हिन्दी", "Русский", "中文", "Svenska",
)  # fmt: skip
