#version 330 core
// One splat per instance: pose it at the moment, project it as the rasteriser does, and span the quad on which
// its alpha reaches 1/255. Mean, covariance and clamps are gsplat's (EWA projection).

uniform sampler2D u_base;      // 4 texels a splat: mean + opacity | quat wxyz | scale + per-frame row | rgb + temporal row
uniform sampler2D u_motion;    // 3 texels a sample and moving splat: dx, dq.w | dq.xyz, ds.x | ds.yz
uniform float u_base_stride;   // splats per texture row
uniform float u_motion_stride; // moving splats per texture row
uniform float u_moving;        // moving splats in a sample
uniform float u_table;         // 0 still, 1 per frame, 2 temporal
uniform float u_low;           // samples around the moment, and the weight of the higher one
uniform float u_high;
uniform float u_weight;
uniform mat3 u_rotation;       // camera from world
uniform vec3 u_centre;         // the camera in the world
uniform vec4 u_lens;           // fx, fy, cx, cy in pixels
uniform vec2 u_size;           // width, height in pixels

uniform float u_paint;         // 0 colour, 1 centres, 2 depth, 3 deformation: the order of renderer.look.Paint
uniform vec2 u_range;          // what the ramp spans: camera z, or 0 and the largest |dx|
uniform vec2 u_dot;            // of a centre: sigma^2 in pixels, opacity
uniform vec2 u_quiet;          // share of the ramp below which the scene's grey shows, and how bright that is
uniform sampler2D u_ramps;     // 6 colours: row 0 depth, row 1 deformation

in vec2 a_corner;              // (+-1, +-1)
in float a_index;              // the splat, exact as a float up to 2^24

out vec2 v_delta;              // pixels from the splat's centre, y down
flat out vec3 v_conic;
flat out vec4 v_colour;        // rgb, opacity

const float NEAR = 0.01;
const float CUT = 1.0 / 255.0;
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);

vec4 base(int index, int part) {
    int stride = int(u_base_stride);
    return texelFetch(u_base, ivec2((index % stride) * 4 + part, index / stride), 0);
}

vec4 motion_at(int sample_index, int row, int part) {
    int stride = int(u_motion_stride);
    int place = sample_index * int(u_moving) + row;
    return texelFetch(u_motion, ivec2((place % stride) * 3 + part, place / stride), 0);
}

vec4 motion(int row, int part) {
    return mix(motion_at(int(u_low), row, part), motion_at(int(u_high), row, part), u_weight);
}

vec3 ramp(int row, float share) {
    float at = clamp(share, 0.0, 1.0) * 5.0;
    int low = min(int(at), 4);
    return mix(texelFetch(u_ramps, ivec2(low, row), 0).rgb, texelFetch(u_ramps, ivec2(low + 1, row), 0).rgb,
               at - float(low));
}

vec3 painted(vec3 rgb, float depth, float amount) {
    if (u_paint == 2.0) {
        return ramp(0, log(depth / u_range.x) / max(log(u_range.y / u_range.x), 1e-6));
    }
    if (u_paint == 3.0) {
        float share = amount / u_range.y;
        vec3 grey = vec3(u_quiet.y * dot(rgb, vec3(0.299, 0.587, 0.114)));
        return mix(grey, ramp(1, share), min(share / u_quiet.x, 1.0));
    }
    return rgb;
}

mat3 turned(vec4 q) {
    float w = q.x, x = q.y, y = q.z, z = q.w;
    return mat3(
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y),
        2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x),
        2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y));
}

void main() {
    v_delta = vec2(0.0);
    v_conic = vec3(0.0);
    v_colour = vec4(0.0);
    gl_Position = NOWHERE;

    int index = int(a_index + 0.5);
    vec4 place = base(index, 0);
    vec4 quat = base(index, 1);
    vec4 size = base(index, 2);
    vec4 paint = base(index, 3);
    float opacity = place.w;
    if (opacity < CUT) return;

    float amount = 0.0;
    float row = u_table == 2.0 ? paint.w : size.w;
    if (u_table > 0.0 && row >= 0.0) {
        vec4 a = motion(int(row + 0.5), 0);
        vec4 b = motion(int(row + 0.5), 1);
        vec4 c = motion(int(row + 0.5), 2);
        place.xyz += a.xyz;
        amount = length(a.xyz);
        quat = normalize(quat + vec4(a.w, b.xyz));
        size.xyz = max(size.xyz + vec3(b.w, c.xy), vec3(1e-8));
    }

    vec3 p = u_rotation * (place.xyz - u_centre);
    if (p.z < NEAR) return;
    float rz = 1.0 / p.z;
    vec2 centre = u_lens.xy * p.xy * rz + u_lens.zw;

    // The Jacobian is taken no further than 30 % of the field of view outside the picture.
    vec2 margin = 0.15 * u_size / u_lens.xy;
    vec2 high = (u_size - u_lens.zw) / u_lens.xy + margin;
    vec2 low = u_lens.zw / u_lens.xy + margin;
    vec2 t = p.z * clamp(p.xy * rz, -low, high);
    vec3 jx = vec3(u_lens.x * rz, 0.0, -u_lens.x * t.x * rz * rz);
    vec3 jy = vec3(0.0, u_lens.y * rz, -u_lens.y * t.y * rz * rz);

    mat3 m = u_rotation * turned(quat);
    m[0] *= size.x;
    m[1] *= size.y;
    m[2] *= size.z;
    vec3 rx = jx * m;
    vec3 ry = jy * m;
    float a = dot(rx, rx) + 0.3;
    float b = dot(rx, ry);
    float c = dot(ry, ry) + 0.3;
    if (u_paint == 1.0) {
        a = c = u_dot.x;
        b = 0.0;
        opacity = u_dot.y;
    }
    float det = a * c - b * b;
    if (det <= 0.0) return;

    float middle = 0.5 * (a + c);
    float spread = sqrt(max(0.25 * (a - c) * (a - c) + b * b, 0.0));
    float major = middle + spread;
    float minor = max(middle - spread, 0.1);
    vec2 axis = abs(b) > 1e-6 ? normalize(vec2(b, major - a)) : (a >= c ? vec2(1.0, 0.0) : vec2(0.0, 1.0));
    float extent = sqrt(2.0 * log(opacity / CUT));
    v_delta = extent * (a_corner.x * sqrt(major) * axis + a_corner.y * sqrt(minor) * vec2(-axis.y, axis.x));
    v_conic = vec3(c, -b, a) / det;
    v_colour = vec4(painted(paint.rgb, p.z, amount), opacity);

    vec2 pixel = centre + v_delta;
    gl_Position = vec4(2.0 * pixel.x / u_size.x - 1.0, 1.0 - 2.0 * pixel.y / u_size.y, 0.0, 1.0);
}
