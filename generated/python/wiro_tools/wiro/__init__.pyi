from . import instant_id_lora as instant_id_lora
from . import text_to_image_sd_lora as text_to_image_sd_lora
