#version 330 core
// The rasteriser's alpha: capped at 0.999, cut below 1/255, premultiplied for back-to-front blending.

in vec2 v_delta;
flat in vec3 v_conic;
flat in vec4 v_colour;

out vec4 colour;

void main() {
    vec2 d = v_delta;
    float power = 0.5 * (v_conic.x * d.x * d.x + v_conic.z * d.y * d.y) + v_conic.y * d.x * d.y;
    float alpha = min(0.999, v_colour.a * exp(-power));
    if (power < 0.0 || alpha < 1.0 / 255.0) discard;
    colour = vec4(v_colour.rgb * alpha, alpha);
}
