#version 330 core
// The half-float picture over the background. Colours are sRGB values throughout; nothing converts them.
uniform sampler2D u_picture;
uniform vec3 u_background;

out vec4 colour;

void main() {
    vec4 splats = texelFetch(u_picture, ivec2(gl_FragCoord.xy), 0);
    colour = vec4(splats.rgb + (1.0 - splats.a) * u_background, 1.0);
}
